"""Rulebooks as they were: everything that judges a call, named by its content and kept for good.

A version ("r-" and 16 hexadecimal digits) is a digest over the rule files, the scorecards, the lexicons that judge,
the settings that judge (`roles.min_confidence`, `metadata.timezone`) and JUDGING_GENERATION. Before calls are judged
their sources are kept below the data folder, written once and never changed:

    HOME/rulebooks/VERSION/rules/*.yaml, scorecards/*.yaml, lexicon/*.yaml, judging.yaml

A run judges by that copy from its first call to its last, whatever is edited meanwhile, and a stored judgement names
its version, so that it can be made again bit for bit. A folder to edit has the same shape (`callqa rules copy`).
"""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Literal

from pipeline import __version__
from pipeline.config import Settings, shipped_files
from pipeline.config.yaml_source import parse
from pipeline.errors import ConfigError, RuleError, StoreError
from pipeline.store.durable import TEMPORARY_SUFFIX, flush

Part = Literal["rules", "scorecards", "lexicon"]

# Counted up by hand when a change of code alone changes judgements: versions made before are no longer reproducible.
JUDGING_GENERATION = 3
PARTS: tuple[Part, ...] = ("rules", "scorecards", "lexicon")
# The lexicons that judge; the others (roles, hallucinations, spelling) decide what was heard.
LEXICONS = ("topics.yaml", "entities.yaml", "terms.yaml", "verification.yaml", "context.yaml")
JUDGING = "judging.yaml"
VERSION_PATTERN = re.compile(r"r-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Source:
    """One file. shown: its name in messages (the path it was read from)."""

    part: Part
    name: str
    text: str
    shown: str


@dataclass(frozen=True)
class Sources:
    """Everything that judges, as text, read at one moment. timezone: in which rules read hours and weekdays."""

    files: tuple[Source, ...]
    min_role_confidence: float
    timezone: str

    @cached_property
    def version(self) -> str:
        """Digest of the content; the same files in another folder have the same version."""
        digest = sha256()
        parts = [(f"{f.part}/{f.name}", f.text) for f in self.files]
        for name, text in sorted([*parts, (JUDGING, _judging_text(self))]):
            for data in (name.encode(), text.encode()):
                digest.update(len(data).to_bytes(8, "big") + data)
        return "r-" + digest.hexdigest()[:16]

    def texts(self, part: Part) -> dict[str, str]:
        """The files of a part: name for messages -> content."""
        return {f.shown: f.text for f in self.files if f.part == part}

    def lexicon(self, name: str) -> Source:
        """The lexicon of this name. Raises ConfigError when there is none."""
        found = next((f for f in self.files if (f.part, f.name) == ("lexicon", name)), None)
        if found is None:
            raise ConfigError(f"lexicon {name} is missing from the rulebook; copy it anew with callqa rules copy")
        return found


@dataclass(frozen=True, slots=True)
class Archived:
    """One kept version."""

    version: str
    folder: Path
    kept_at: datetime
    callqa_version: str
    rule_files: int


def read_sources(settings: Settings) -> Sources:
    """What judges by these settings: the activated version, else the folders named, else what is shipped.

    Raises ConfigError (RuleError for a folder or file that cannot be read), with the remedy.
    """
    chosen, kept = settings.rules, None
    if chosen.activated is not None:
        kept = _kept_folder(settings.home, chosen.activated)
    rules = kept / "rules" if kept else chosen.rules_dir
    cards = kept / "scorecards" if kept else chosen.scorecard
    lexicon = kept / "lexicon" if kept else chosen.lexicon_dir
    return Sources(_read(rules, cards, lexicon), settings.roles.min_confidence, settings.metadata.timezone)


def sources_in(folder: Path, active: Sources) -> Sources:
    """The rulebook in a folder: parts that it lacks are the active ones.

    folder: with rules/, scorecards/ or lexicon/ in it, or with rule files (*.yaml) right in it.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder; make one to edit with: callqa rules copy {folder}")
    if not any((folder / part).is_dir() for part in PARTS):
        found = [("rules", _files(folder, "rules"))]
    else:
        found = [(part, _files(folder / part, part)) for part in PARTS if (folder / part).is_dir()]
    given = [source for _, sources in found for source in sources]
    names = {(f.part, f.name) for f in given}
    parts = {part for part, _ in found} - {"lexicon"}  # a lexicon that is left out is the active one
    rest = [f for f in active.files if f.part not in parts and (f.part, f.name) not in names]
    return replace(active, files=_sorted([*given, *rest]))


def sources_with(path: Path, active: Sources) -> Sources:
    """The active rulebook with one file in place of the file of the same name, or added to it."""
    text = _text(path)
    same = next((f for f in active.files if f.name == path.name), None)
    part = same.part if same else _part_of(text, str(path))
    if same is None and part == "lexicon":
        raise ConfigError(
            f"{path}: the lexicons that judge are {', '.join(LEXICONS)}; give the file one of these names"
        )
    rest = [f for f in active.files if (f.part, f.name) != (part, path.name)]
    return replace(active, files=_sorted([*rest, Source(part, path.name, text, str(path))]))


def keep(home: Path, sources: Sources) -> Path:
    """Keep these sources below the data folder, unless they are kept already, and return their folder.

    Raises StoreError when the data folder cannot be written.
    """
    folder = _folder(home) / sources.version
    if folder.is_dir():
        return folder
    temporary = folder.with_name(f".{sources.version}-{os.getpid()}{TEMPORARY_SUFFIX}")
    try:
        _write(temporary, sources)
        try:
            temporary.rename(folder)
        except OSError:
            if not folder.is_dir():  # somebody else kept the same content meanwhile: as good as ours
                raise
        flush(folder.parent)
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written: {error.strerror or error}; "
            "make the data folder writable (and free some disk), or name another one with CALLQA_HOME"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def pinned(settings: Settings, sources: Sources) -> Settings:
    """Settings by which every process judges by these sources, kept below the data folder, whatever is edited."""
    keep(settings.home, sources)
    return _with_version(settings, sources.version, sources.min_role_confidence, sources.timezone)


def at_version(settings: Settings, version: str) -> Settings:
    """Settings that judge exactly as this kept version did.

    Raises ConfigError when it is not kept, was changed by hand, or was made by code that judges otherwise.
    """
    folder = _kept_folder(settings.home, version)
    judging = parse(_text(folder / JUDGING), str(folder / JUDGING))
    generation = judging.whole("generation", low=1, high=1_000_000)
    if generation != JUDGING_GENERATION:
        raise ConfigError(
            f"rulebook {version} was applied by callqa {judging.text('callqa_version')}, which judges otherwise than "
            f"this {__version__} (generation {generation}, now {JUDGING_GENERATION}); install that release to repeat it"
        )
    minimum = judging.number("min_role_confidence", low=0, high=1)
    chosen = _with_version(settings, version, minimum, judging.text("timezone"))
    found = read_sources(chosen).version
    if found != version:
        raise ConfigError(
            f"the files in {folder} are no longer those of {version} (they are {found}); restore them from a backup"
        )
    return chosen


def versions(home: Path) -> tuple[Archived, ...]:
    """All kept versions, the latest first."""
    folder = _folder(home)
    found = [p for p in folder.iterdir() if VERSION_PATTERN.fullmatch(p.name)] if folder.is_dir() else []
    return tuple(sorted(map(_archived, found), key=lambda a: (a.kept_at, a.version), reverse=True))


def copy_sources(sources: Sources, folder: Path) -> tuple[Path, ...]:
    """Write the sources as a folder to edit, and return its files. Raises ConfigError unless the folder is empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} is there already and not empty; name a new folder")
    written = []
    try:
        for source in sources.files:
            path = folder / source.part / source.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source.text, encoding="utf-8")
            written.append(path)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror or error}; name another folder") from error
    return tuple(written)


def _folder(home: Path) -> Path:
    return home / "rulebooks"


def _kept_folder(home: Path, version: str) -> Path:
    folder = _folder(home) / version
    if not VERSION_PATTERN.fullmatch(version) or not folder.is_dir():
        raise ConfigError(
            f"rulebook version {version!r} is not kept in {_folder(home)}; callqa rules versions lists those that are"
        )
    return folder


def _with_version(settings: Settings, version: str, min_role_confidence: float, timezone: str) -> Settings:
    changed = {
        "rules": settings.rules.model_copy(update={"activated": version}),
        "roles": settings.roles.model_copy(update={"min_confidence": min_role_confidence}),
        "metadata": settings.metadata.model_copy(update={"timezone": timezone}),
    }
    return settings.model_copy(update=changed)


def _read(rules: Path | None, cards: Path | None, lexicon: Path | None) -> tuple[Source, ...]:
    found = [
        *(_files(rules, "rules") if rules else _shipped("rules")),
        *(_files(cards, "scorecards") if cards else _shipped("scorecards")),
        *(_files(lexicon, "lexicon") if lexicon else ()),
    ]
    own = {f.name for f in found if f.part == "lexicon"}
    found += [f for f in _shipped("lexicon") if f.name not in own]
    return _sorted(found)


def _shipped(part: Part) -> Iterator[Source]:
    for shown, text in shipped_files.texts(part).items():
        name = shown.removeprefix(f"{part}/")
        if _counts(part, name):
            yield Source(part, name, text, shown)


def _files(path: Path, part: Part) -> list[Source]:
    """The YAML files of a folder, or the one file named."""
    if path.is_file():
        return [Source(part, path.name, _text(path), str(path))]
    if not path.is_dir():
        raise RuleError(f"{part}: {path} does not exist; name a folder with *.yaml files, or set it to null")
    found = [Source(part, p.name, _text(p), str(p)) for p in sorted(path.glob("*.yaml")) if _counts(part, p.name)]
    if not found and part != "lexicon":
        raise RuleError(f"{part}: {path} has no *.yaml file; copy the shipped ones with callqa rules copy")
    return found


def _counts(part: Part, name: str) -> bool:
    return name in LEXICONS if part == "lexicon" else name.endswith(".yaml") and not name.startswith(".")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"{path} cannot be read: {error}; it must be readable UTF-8 text") from error


def _part_of(text: str, shown: str) -> Part:
    """Which part a file belongs to, by what it holds."""
    node = parse(text, shown)
    if "sections" in node:
        return "scorecards"
    return "lexicon" if "topics" in node or "classes" in node else "rules"


def _sorted(found: list[Source]) -> tuple[Source, ...]:
    return tuple(sorted(found, key=lambda f: (f.part, f.name)))


def _judging_text(sources: Sources) -> str:
    return (
        f"generation: {JUDGING_GENERATION}\nmin_role_confidence: {sources.min_role_confidence!r}\n"
        f"timezone: '{sources.timezone}'\n"
    )


def _write(folder: Path, sources: Sources) -> None:
    note: Mapping[str, str] = {"callqa_version": __version__, "kept_at": datetime.now(UTC).isoformat()}
    noted = "".join(f"{key}: '{value}'\n" for key, value in note.items())
    texts = {f"{f.part}/{f.name}": f.text for f in sources.files}
    texts[JUDGING] = _judging_text(sources) + noted
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o444)  # a kept version is not for editing
        flush(path)
    for inner in (folder, *(p for p in folder.iterdir() if p.is_dir())):
        flush(inner)


def _archived(folder: Path) -> Archived:
    node = parse(_text(folder / JUDGING), str(folder / JUDGING))
    return Archived(
        version=folder.name,
        folder=folder,
        kept_at=datetime.fromisoformat(node.text("kept_at")),
        callqa_version=node.text("callqa_version"),
        rule_files=len(list((folder / "rules").glob("*.yaml"))),
    )
