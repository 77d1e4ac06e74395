"""Hits of new phrases are listened to after a recheck: only where nobody has, and told where the recording is gone."""

import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline import relisten
from pipeline.batch import upkeep
from pipeline.config import Settings, load_settings
from pipeline.engines import Reading, Samples, Span, Transcript
from pipeline.errors import EngineError
from pipeline.judge import Judge
from pipeline.model import CallReport
from pipeline.rulebooks import read_sources, sources_in
from pipeline.store import artefact
from pipeline.store.corrections import Change, open_corrections
from pipeline.store.users import User
from tests.builders import make_finding, make_judgement, make_recording, make_report
from tests.pipeline.rulebook_files import rule, write_rulebook


class Listener:
    """A recogniser that hears every text it is asked about."""

    def __init__(self) -> None:
        self.scored: list[tuple[str, ...]] = []

    def transcribe(self, samples: Samples, spans: tuple[Span, ...]) -> Transcript:
        raise AssertionError("nothing is transcribed again")

    def score(self, samples: Samples, span: Span, texts: tuple[str, ...]) -> tuple[float | None, ...]:
        self.scored.append(texts)
        return tuple(-5.0 for _ in texts)

    def reread(self, samples: Samples, span: Span) -> tuple[Reading, ...]:
        return (Reading("这个我不知道规定就这样", -5.0), Reading("这个我不指导规定就这样", -9.0))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(tmp_path / "data")


@pytest.fixture
def judge(tmp_path: Path, settings: Settings) -> Judge:
    folder = write_rulebook(tmp_path / "rules", rule("dont-know", "不知道"), rule("tic", "那个那个", severity="minor"))
    return Judge(settings, sources_in(folder, read_sources(settings)))


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Listener:
    found = Listener()
    monkeypatch.setattr(relisten, "load_transcriber", lambda _: found)
    return found


def store(settings: Settings, name: str, *, rule_id: str = "dont-know", status: str = "review") -> Path:
    """A stored call with its recording and one finding, published; returns the recording."""
    path = settings.home.parent / f"{name}.wav"
    soundfile.write(path, np.random.default_rng(1).normal(0, 0.01, 8000 * 48).astype("float32"), 8000)
    recording = make_recording(
        name,
        path=str(path),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        size_bytes=path.stat().st_size,
    )
    facts = make_report(name, recording=recording, verified=True).facts
    judgement = make_judgement(name, findings=(make_finding(rule_id=rule_id, status=status),))
    artefact.write_report(settings.home, CallReport(facts, judgement))
    upkeep.publish(settings)
    return path


def test_a_new_hit_is_listened_to_once(settings: Settings, judge: Judge, listener: Listener) -> None:
    store(settings, "a")
    assert relisten.waiting(settings, judge) == ("a",)
    told: list[str] = []
    done = relisten.relisten(settings, judge, ("a",), told.append)
    assert (done.calls, done.problems, told) == (1, (), ["a"])
    assert listener.scored
    facts, judgement = artefact.read_facts(settings.home, "a"), artefact.read_judgement(settings.home, "a")
    assert facts is not None
    assert judgement is not None
    assert [(p.phrase, p.utterance_index) for p in facts.probes] == [("不知道", 5)]
    assert judgement.rulebook_version == judge.version
    assert relisten.waiting(settings, judge) == ()
    asked = len(listener.scored)
    assert relisten.relisten(settings, judge, ("a",)).calls == 0
    assert len(listener.scored) == asked


def test_it_is_judged_with_the_words_that_people_put_right(
    settings: Settings, judge: Judge, listener: Listener
) -> None:
    store(settings, "a")
    heard = artefact.read_facts(settings.home, "a")
    assert heard is not None
    said = Change("text", 5, heard=heard.utterances[5].text, text="这个我帮您查一下。")
    with open_corrections(settings.home) as corrections:
        corrections.add("a", User("li", "李敏", "reviewer"), said, based_on=0)
    assert relisten.relisten(settings, judge, ("a",)).calls == 1
    facts, judgement = artefact.read_facts(settings.home, "a"), artefact.read_judgement(settings.home, "a")
    assert facts is not None
    assert judgement is not None
    assert facts.utterances == heard.utterances
    assert [p.utterance_index for p in facts.probes] == [5]
    assert "dont-know" not in {finding.rule_id for finding in judgement.findings}


@pytest.mark.parametrize(("rule_id", "status"), [("tic", "review"), ("dont-know", "violated"), ("gone", "review")])
def test_only_dear_hits_in_review_are_looked_at(settings: Settings, judge: Judge, rule_id: str, status: str) -> None:
    store(settings, "a", rule_id=rule_id, status=status)
    assert relisten.waiting(settings, judge) == ()


def test_since_leaves_out_earlier_calls(settings: Settings, judge: Judge) -> None:
    store(settings, "a")  # on 2025-11-20
    assert relisten.waiting(settings, judge, date(2025, 11, 21)) == ()
    assert relisten.waiting(settings, judge, date(2025, 11, 20)) == ("a",)


def gone(path: Path) -> None:
    path.unlink()


def replaced(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


@pytest.mark.parametrize(("change", "told"), [(gone, "is not there any more"), (replaced, "holds another recording")])
def test_a_recording_that_is_gone_is_told_and_the_others_go_on(
    settings: Settings, judge: Judge, listener: Listener, change: Callable[[Path], None], told: str
) -> None:
    change(store(settings, "a"))
    store(settings, "b")
    before = artefact.read_judgement(settings.home, "a")
    done = relisten.relisten(settings, judge, ("a", "b"))
    assert done.calls == 1
    (problem,) = done.problems
    assert problem.startswith("a: ")
    assert told in problem
    assert artefact.read_judgement(settings.home, "a") == before


def test_without_weights_nothing_changes(settings: Settings, judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: Settings) -> Listener:
        raise EngineError("weights of packaged-base are missing; run callqa models install")

    store(settings, "a")
    before = artefact.read_facts(settings.home, "a")
    monkeypatch.setattr(relisten, "load_transcriber", missing)
    with pytest.raises(EngineError):
        relisten.relisten(settings, judge, ("a",))
    assert artefact.read_facts(settings.home, "a") == before


def test_nothing_published_is_nothing_to_listen_to(settings: Settings, judge: Judge) -> None:
    assert relisten.waiting(settings, judge) == ()
