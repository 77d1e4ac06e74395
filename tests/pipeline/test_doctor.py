"""The doctor: every problem is found, named and told how to repair."""

from pathlib import Path

import pytest

from pipeline import doctor
from pipeline.config import Settings, load_settings
from pipeline.doctor import Check, can_run, examine
from pipeline.store import artefact
from pipeline.store.ledger import open_ledger
from pipeline.store.reviews import open_reviews
from pipeline.store.snapshot import publish
from pipeline.store.statements import migrations
from tests.builders import make_report


def checks(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in examine(settings)}


def with_models(settings: Settings, **changes: object) -> Settings:
    return settings.model_copy(update={"models": settings.models.model_copy(update=changes)})


def test_what_is_looked_at(tmp_path: Path) -> None:
    found = checks(load_settings(tmp_path))
    names = ("python", "packages", "model packaged-base", "rulebook", "telemetry", "model hub", "data folder", "disk")
    assert set(names) <= found.keys()
    assert {"ledger", "reviews", "snapshot", "decoders", "fonts"} <= found.keys()
    for name in ("python", "packages", "rulebook", "telemetry", "model hub", "data folder", "ledger", "decoders"):
        assert found[name].level == "ok", found[name]
    assert found["telemetry"].detail == "off (pyannote.audio, streamlit)"


def test_missing_weights_are_a_problem_with_a_remedy(tmp_path: Path) -> None:
    settings = with_models(load_settings(tmp_path), cache_dir=tmp_path / "models")
    found = examine(settings)
    missing = next(c for c in found if c.name == "model packaged-base")
    assert missing.level == "problem"
    assert "model.bin is missing" in missing.detail
    assert missing.remedy == "run: callqa models install"
    assert not can_run(found)


def test_a_wrong_digest_is_a_problem(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "packaged-base"
    folder.mkdir(parents=True)
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
        (folder / name).write_bytes(b"altered")
    found = checks(with_models(load_settings(tmp_path), cache_dir=tmp_path / "models"))
    assert found["model packaged-base"].level == "problem"
    assert "has sha256" in found["model packaged-base"].detail


def test_an_open_hub_is_a_warning(tmp_path: Path) -> None:
    found = checks(with_models(load_settings(tmp_path), allow_hub=True))
    assert found["model hub"].level == "warning"


def test_an_unwritable_data_folder_is_a_problem() -> None:
    found = checks(load_settings(Path("/proc/callqa")))
    assert found["data folder"].level == "problem"
    assert "CALLQA_HOME" in str(found["data folder"].remedy)


def test_looking_leaves_nothing_behind(tmp_path: Path) -> None:
    examine(load_settings(tmp_path / "none yet"))
    assert not (tmp_path / "none yet").exists()


def test_little_disk_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "MIN_FREE_BYTES", 10**18)
    assert checks(load_settings(tmp_path))["disk"].level == "problem"


def test_store_versions_are_told(tmp_path: Path) -> None:
    artefact.write_report(tmp_path, make_report())
    publish(tmp_path)
    with open_ledger(tmp_path), open_reviews(tmp_path):
        pass
    found = checks(load_settings(tmp_path))
    assert found["ledger"].detail.startswith("ledger.sqlite, schema 0001_ledger, SQLite 3.")
    assert found["reviews"].detail.startswith(
        f"reviews.sqlite, schema {migrations('reviews')[-1].name.removesuffix('.sql')}, "
    )
    assert found["snapshot"].detail == "analytics-1.duckdb, 1 calls, made by callqa 0.1.0"


def test_a_damaged_store_is_told(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"no database" * 100)
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "CURRENT").write_text("analytics-9.duckdb")
    found = checks(load_settings(tmp_path))
    assert found["ledger"].level == "problem"
    assert (found["snapshot"].level, found["snapshot"].remedy) == ("warning", "run callqa publish")


def test_a_broken_rulebook_is_told(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "x.yaml").write_text("rules: [broken")
    settings = load_settings(tmp_path)
    settings = settings.model_copy(update={"rules": settings.rules.model_copy(update={"rules_dir": rules})})
    found = checks(settings)
    assert found["rulebook"].level == "problem"
    assert "x.yaml" in found["rulebook"].detail
