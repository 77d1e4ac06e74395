"""The house keeps its shape: who may import whom, what lies where, and what must never be in the repository."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, require

CODE_FOLDERS = ("pipeline", "dashboards", "sql", "audio_samples")
TOP_FOLDERS = {*CODE_FOLDERS, "tests", ".ci"}
TOP_FILES = {
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "README.zh-CN.md",
    "constraints.txt",
    "pyproject.toml",
}

# Each library that is heavy, or that guards a decision, with the only places that may import it.
LIBRARIES = {
    "duckdb": ("pipeline.store", "dashboards.data"),
    "faster_whisper": ("pipeline.engines",),
    "ctranslate2": ("pipeline.engines",),
    "pyannote": ("pipeline.engines",),
    "torch": ("pipeline.engines",),
    "torchaudio": ("pipeline.engines",),
    "streamlit": ("dashboards",),
    "typer": ("pipeline.cli", "audio_samples.make_samples"),
    "pebble": ("pipeline.batch",),
    "av": ("pipeline.audio", "pipeline.doctor"),  # doctor: which codecs are there
}

# What each part of the pipeline may import of ours. `topics` reads calls with the eyes of the rules, `evaluate`
# measures with the engines' diarization error; the other parts that hear, measure and judge do not know each other.
BASE = {"model", "errors", "config"}
ALLOWED = {
    "model": set(),
    "errors": set(),
    "config": {"errors"},
    "logs": {"errors"},
    "numerals": set(),
    "memory": set(),
    "text": {"numerals"},
    "engines": BASE | {"text"},
    "audio": BASE,
    "align": BASE | {"text"},
    "crosstalk": BASE,
    "roles": BASE | {"text"},
    "machines": BASE | {"text"},
    "measures": BASE | {"text"},
    "sounds": {"text"},
    "spelling": BASE | {"sounds", "text"},
    "pauses": BASE | {"sounds", "spelling", "text"},
    "alike": BASE | {"sounds", "text"},
    "probe": BASE | {"alike", "sounds", "text"},
    "doubtful": BASE | {"alike", "engines", "sounds", "text"},
    "rereading": {"alike", "engines", "probe", "sounds"},
    "verify": BASE | {"alike", "audio", "crosstalk", "doubtful", "engines", "probe", "rereading", "rules", "text"},
    "rules": BASE | {"sounds", "text"},
    "scorecards": BASE,
    "scorecard_schema": BASE | {"rules", "scorecards"},
    "scoring": BASE | {"scorecards"},
    "topics": BASE | {"rules"},
    "export": BASE,
    "metadata": BASE | {"metadata_files"},
    "metadata_files": BASE,
    "truth": BASE,
    "evaluate": BASE | {"text", "engines", "truth"},
    "sampling": {"errors"},
    "agreement": set(),
    "estimates": set(),
    "draws": BASE | {"sampling", "store"},
    "store": BASE | {"sampling", "sounds"},
    "tables": BASE | {"store"},
    "rulebooks": BASE | {"store"},
    "user_settings": BASE | {"store"},
    "calibrate": BASE | {"audio", "measures", "user_settings"},
    "doctor": BASE | {"engines", "judge", "store"},
    "corrections": BASE | {"measures", "sounds", "store", "text"},
    "judge": BASE | {"rulebooks", "rules", "scoring", "topics", "unchanged"},
    "unchanged": BASE | {"rulebooks", "rules", "topics"},
    "analyze": BASE
    | {"align", "audio", "crosstalk", "engines", "judge", "machines", "measures", "memory", "pauses", "roles"}
    | {"sounds", "spelling", "verify"},
    "backtest": BASE | {"rules"},
    "labels": BASE | {"rules", "truth"},
    "trials": BASE | {"analyze", "evaluate", "memory", "truth"},  # whole analyses, timed
    "tune": BASE | {"audio", "memory", "trials", "user_settings"},
    "relisten": BASE | {"analyze", "batch", "corrections", "judge", "store", "verify"},  # judged as people put it right
    "batch": BASE | {"analyze", "corrections", "judge", "logs", "metadata", "rulebooks", "store"},
}
# audio: one decoder for what is heard and what is played; text: a search is simplified as transcripts are;
# rulebooks: a reviewed call is scored with the card that it was scored with; corrections, judge: a call whose words
# were put right is judged at once, as publishing will; sounds: words are searched by sound; tables: harmless exports;
# memory: the server gives back what visits leave
DASHBOARDS_MAY_IMPORT = BASE | {
    *("store", "scoring", "rulebooks", "audio", "text"),
    *("agreement", "draws", "estimates", "sampling", "user_settings"),  # samples, calibration, safe settings
    *("corrections", "judge", "memory", "sounds", "tables"),
    "rules",  # the rules page: cards, the test bench, drafts
}


def python_files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Every dotted name that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; name the module in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_parts(path: Path) -> set[str]:
    """The parts of the pipeline that a file imports: {"model", "store"}."""
    modules = (name.split(".") for name in imports(path))
    return {m[1] for m in modules if m[0] == "pipeline" and len(m) > 1 and not m[1].startswith("__")}


def part_of(path: Path) -> str:
    """The part of the pipeline that a file belongs to."""
    return path.relative_to(ROOT / "pipeline").with_suffix("").parts[0]


def tracked_files() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], check=False, capture_output=True, text=True, cwd=ROOT)
    require(listed.returncode == 0, "this is no git checkout: what is tracked is not known")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def within(module: str, places: tuple[str, ...]) -> bool:
    return any(module == p or module.startswith((f"{p}.", f"{p}_")) for p in places)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_is_imported_only_where_it_belongs(library: str) -> None:
    wrong = {
        module_of(path)
        for folder in CODE_FOLDERS
        for path in python_files(folder)
        if any(name.split(".")[0] == library for name in imports(path))
        and not within(module_of(path), LIBRARIES[library])
    }
    assert not wrong, f"{library} belongs in {', '.join(LIBRARIES[library])}"


def test_every_part_of_the_pipeline_imports_only_what_it_may() -> None:
    wrong = []
    for path in python_files("pipeline"):
        part = part_of(path)
        if part == "__init__" or part.startswith("cli"):  # the command line may import everything
            continue
        assert part in ALLOWED, f"{part} is new: say in ALLOWED what it may import"
        wrong += [f"{module_of(path)} imports {p}" for p in sorted(imported_parts(path) - ALLOWED[part] - {part})]
    assert not wrong


def test_the_list_of_parts_names_nothing_that_is_gone() -> None:
    assert set(ALLOWED) <= {part_of(path) for path in python_files("pipeline")}


def test_the_pipeline_does_not_know_the_dashboards_but_for_the_command_that_serves_them() -> None:
    knowing = {
        module_of(path)
        for path in python_files("pipeline")
        if any(name.split(".")[0] == "dashboards" for name in imports(path))
    }
    assert knowing <= {"pipeline.cli_house"}


def test_the_dashboards_read_stores_and_never_analyse() -> None:
    wrong = [
        f"{module_of(path)} imports {part}"
        for path in python_files("dashboards")
        for part in sorted(imported_parts(path) - DASHBOARDS_MAY_IMPORT)
    ]
    assert not wrong


def test_pages_and_components_hold_no_sql() -> None:
    statement = re.compile(r"\b(select|insert|update|delete)\b.+\b(from|into|set)\b", re.I | re.S)
    wrong = [
        f"{module_of(path)}:{node.lineno}"
        for path in python_files("dashboards")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and statement.match(node.value.strip())
    ]
    assert not wrong


def test_nothing_that_ships_imports_the_tests() -> None:
    shipped = ("pipeline", "dashboards", "sql")
    assert not [
        module_of(path)
        for folder in shipped
        for path in python_files(folder)
        if any(name.split(".")[0] == "tests" for name in imports(path))
    ]


def test_only_the_agreed_folders_lie_at_the_top() -> None:
    names = tracked_files()
    assert {name.split("/")[0] for name in names if "/" in name} <= TOP_FOLDERS
    assert {name for name in names if "/" not in name} <= TOP_FILES


def test_every_sql_file_says_what_it_is_for() -> None:
    silent = []
    for path in sorted((ROOT / "sql").rglob("*.sql")):
        head = path.read_text(encoding="utf-8").split("\n", 1)[0]
        if not (head.startswith("--") and len(head) > 10):
            silent.append(path.name)
    assert not silent


# Written so that this file does not hold what it looks for.
MACHINE_PATH = re.compile(rb"(?<![\w.~/])/(?:wo" + rb"rk|ro" + rb"ot)/[\w.]")
INDEX_HOST = re.compile(rb"(?:files\.python" + rb"hosted\.org|py" + rb"pi\.org/simple|registry\.npm" + rb"js\.org)")
INDEX_OPTION = re.compile(rb"--(?:extra-)?index" + rb"-url|--trusted" + rb"-host")


def test_no_path_of_one_machine_and_no_index_host_is_in_the_repository() -> None:
    wrong = []
    for name in tracked_files():
        content = (ROOT / name).read_bytes()
        if b"\0" in content[:8000]:
            continue
        wrong += [name for pattern in (MACHINE_PATH, INDEX_HOST, INDEX_OPTION) if pattern.search(content)]
    assert not wrong


def test_every_python_file_says_what_it_is_for() -> None:
    silent = [
        module_of(path)
        for folder in (*CODE_FOLDERS, "tests")
        for path in python_files(folder)
        if path.read_text(encoding="utf-8").strip() and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert not silent


def test_every_shipped_dependency_is_explained_in_the_architecture() -> None:
    page = ROOT / "ARCHITECTURE.md"
    require(page.is_file(), "ARCHITECTURE.md is not written yet")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"[\w.]+(?:-[\w.]+)*", page.read_text(encoding="utf-8").lower())
    names = [re.match(r"[\w.-]+", r).group().lower() for r in project["dependencies"]]  # type: ignore[union-attr]
    assert [n for n in names if n not in named] == []


def test_every_dependency_is_used() -> None:
    """A distribution that nothing imports is weight for nothing; those used by name only are listed with the reason."""
    used_by_name = {
        "tzdata",  # zoneinfo reads it where the system has no time zones
        "ray",  # room for many machines, an extra
        "ruff",
        "mypy",
        "pytest",
        "pytest-xdist",  # two test processes, named in the Makefile
        "jieba",  # misaki's Chinese front end, for making samples
        "cn2an",
        "ordered-set",
    }
    imported_as = {
        "faster-whisper": "faster_whisper",
        "google-re2": "re2",
        "pyannote.audio": "pyannote",
        "scikit-learn": "sklearn",
        "ruamel.yaml": "ruamel",
        "PyYAML": "yaml",
        "argon2-cffi": "argon2",
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = [r for group in (project["dependencies"], *project["optional-dependencies"].values()) for r in group]
    names = {re.match(r"[\w.-]+", r).group() for r in requirements} - used_by_name  # type: ignore[union-attr]
    seen = {n.split(".")[0] for f in (*CODE_FOLDERS, "tests") for p in python_files(f) for n in imports(p)}
    assert {n for n in names if imported_as.get(n, n.replace("-", "_")) not in seen} == set()
