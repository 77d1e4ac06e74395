"""The call list: paging, filters, search by words and sounds, what an agent is given, harmless exports."""

import csv
import io
from datetime import date

import pytest

from dashboards.call_search import CallFilter, Calls, Cursor, sought
from dashboards.data import Data
from pipeline.errors import StoreError
from pipeline.sounds import encode
from pipeline.store import artefact
from pipeline.store.reviews import ReviewForm
from pipeline.store.snapshot import publish
from pipeline.store.users import User
from tests.builders import make_metadata, make_report, make_utterances
from tests.dashboards.conftest import settings_for
from tests.dashboards.seed import APPOINTMENT_CALL, COMPLAINT_CALL, HOSTILE_CALL, LONG_CALL, UNKNOWN_CALL

AGENT = User("wang", "王强", "agent", agent_id="8031")


@pytest.fixture
def data(home):
    return Data(settings_for(home))


@pytest.fixture
def heard(tmp_path):
    """Three calls with sounds, as the analysis stores them."""
    said = {"a": "这个我不指导，您打投诉电话", "b": "我不知道您说的 CT 是什么", "c": "请您带好身份证"}
    for name, text in said.items():
        utterances = tuple(
            u.__class__(**{**{f: getattr(u, f) for f in u.__slots__}, "sounds": encode(u.text)})
            for u in make_utterances((("agent", 0.5, 4.0, text), ("patient", 5.0, 7.0, "好的我知道了")))
        )
        artefact.write_report(tmp_path, make_report(name, utterances=utterances, findings=()))
    publish(tmp_path)
    return Data(settings_for(tmp_path))


def ids(data, **wanted):
    return set(Calls(data).page(CallFilter(**wanted), limit=100)["call_id"])


@pytest.mark.parametrize("sort", ["newest", "lowest", "highest", "longest"])
def test_paging_visits_every_call_once_in_order(data, sort):
    seen, after = [], None
    while True:
        page = Calls(data).page(CallFilter(sort=sort), after, limit=7)
        if page.is_empty():
            break
        seen += page["call_id"].to_list()
        last = page.row(-1, named=True)
        after = Cursor(last["sort_value"], last["call_id"])
        assert page["total"][0] == 42
    assert len(seen) == len(set(seen)) == 42
    assert seen[0] == {"longest": LONG_CALL}.get(sort, seen[0])
    if sort == "newest":
        assert seen[-1] == UNKNOWN_CALL


def test_search_finds_chinese_words_and_says_where(data):
    chosen = CallFilter(text="慢慢等就是了")
    found = Calls(data).page(chosen)
    assert found["call_id"].to_list() == [COMPLAINT_CALL]
    (hit,) = Calls(data).found_words(chosen, found)[COMPLAINT_CALL]
    assert (hit["utterance_index"], hit["start_s"], hit["role"]) == (4, 29.8, "agent")
    assert list(sought(chosen).spans(hit["text"])) == [(5, 11, False)]
    assert ids(data, text="  ") == ids(data)
    assert ids(data, text="没有人说过这句") == set()


def test_search_by_who_said_it(data):
    assert COMPLAINT_CALL in ids(data, text="投诉", role="patient")
    assert COMPLAINT_CALL not in ids(data, text="投诉", role="agent")


@pytest.mark.parametrize("typed", ["bu zhidao", "buzhidao", "Bù zhī dào", "不指导", "不知道", "不隻導"])
def test_search_by_sound(heard, typed):
    assert ids(heard, text=typed) == {"a", "b"}


def test_an_exact_search_finds_these_characters_only(heard):
    assert ids(heard, text="不知道", exact=True) == {"b"}
    assert ids(heard, text="bu zhidao", exact=True) == set()


def test_latin_letters_in_either_case_and_a_single_character(heard):
    assert ids(heard, text="ct") == {"b"}
    assert ids(heard, text="指") == {"a"}


def test_what_only_sounds_the_same_is_told_apart():
    words = sought(CallFilter(text="不知道"))
    assert list(words.spans("我不知道，他不指导")) == [(1, 4, False), (6, 9, True)]


def test_a_day_limits_a_search(heard):
    assert ids(heard, text="不知道", from_day=date(2025, 11, 20), to_day=date(2025, 11, 20)) == {"a", "b"}
    assert ids(heard, text="不知道", from_day=date(2025, 11, 21)) == set()


def test_filters_narrow(data):
    assert ids(data, topics=("投诉",), agents=("8031",), statuses=("review",)) == {COMPLAINT_CALL}
    assert ids(data, families=("interruption",)) == {COMPLAINT_CALL}
    assert ids(data, families=("interruption",), statuses=("satisfied",)) == set()
    assert ids(data, families=("interruption",), severities=("major",)) == {COMPLAINT_CALL}
    assert ids(data, severities=("red_line",)) == {COMPLAINT_CALL}
    assert ids(data, max_score=10.0) == set()
    total = data.call(COMPLAINT_CALL).head["score_total"]  # by the shipped card
    assert COMPLAINT_CALL in ids(data, min_score=total, max_score=total + 1)
    assert COMPLAINT_CALL not in ids(data, max_score=total)
    assert LONG_CALL in ids(data, min_score=100.0, max_score=100.0)
    assert ids(data, from_day=date(2025, 11, 19), to_day=date(2025, 11, 19)) == {COMPLAINT_CALL}
    assert ids(data, from_day=date(2025, 11, 19), to_day=date(2025, 11, 19), hours=(15,)) == {COMPLAINT_CALL}
    assert ids(data, from_day=date(2025, 11, 19), to_day=date(2025, 11, 19), weekdays=(3,)) == {COMPLAINT_CALL}
    assert ids(data, from_day=date(2025, 11, 19), to_day=date(2025, 11, 19), weekdays=(4,)) == set()
    assert ids(data, min_s=600.0) == {LONG_CALL}
    assert ids(data, max_s=46.0) >= {COMPLAINT_CALL}
    assert LONG_CALL not in ids(data, max_s=600.0)
    assert ids(data, queues=("投诉处理",)) == {COMPLAINT_CALL}
    assert ids(data, results=("fatal",)) == {COMPLAINT_CALL}
    assert UNKNOWN_CALL in ids(data, results=("unscored",)) | ids(data, unmeasured="agent_speech_rate_cpm")
    assert ids(data, unmeasured="agent_speech_rate_cpm", reason="low_snr") == set()
    assert ids(data, directions=("outbound",)) == set()
    assert ids(data, min_cpm=246.0, max_cpm=247.0) == ids(data, max_cpm=1000.0)
    assert ids(data, min_spl=66.0) == set()
    scored = Calls(data).page(CallFilter(min_score=0.0), limit=100)
    assert scored["score_total"].null_count() == 0
    assert 0 < scored.height < 42


def test_the_list_shows_final_results(data):
    head = data.call(COMPLAINT_CALL).head
    form = ReviewForm(
        COMPLAINT_CALL, "li", (), "", 88.0, fatal=False, passed=True, snapshot_id=1,
        rulebook_version=head["rulebook_version"], scorecard_id="standard", scorecard_version="1",
    )  # fmt: skip
    data.add_review(form)
    assert ids(data, reviewed=True) == {COMPLAINT_CALL}
    assert ids(data, results=("fatal",)) == set()
    row = Calls(data).page(CallFilter(reviewed=True)).row(0, named=True)
    assert (row["score_total"], row["passed"], row["fatal"]) == (88.0, True, False)


def test_an_agent_finds_their_own_calls_only(data):
    mine = Calls(data.seen_by(AGENT))
    assert set(mine.page(CallFilter(), limit=100)["agent_id"]) == {"8031"}
    assert set(mine.page(CallFilter(agents=("8023",)), limit=100)["agent_id"]) == {"8031"}
    assert [a["agent_id"] for a in mine.options()["agents"]] == ["8031"]
    rows = list(csv.DictReader(io.StringIO(mine.export(CallFilter(), ".csv").decode("utf-8-sig"))))
    assert {row["agent_id"] for row in rows} == {"8031"}


def test_exports_hold_what_is_filtered_and_run_nothing(tmp_path):
    name = '=HYPERLINK("http://203.0.113.9")'
    artefact.write_report(tmp_path, make_report("a", metadata=make_metadata(agent_name=name)))
    artefact.write_report(tmp_path, make_report("b", metadata=make_metadata(team="二组")))
    publish(tmp_path)
    calls = Calls(Data(settings_for(tmp_path)))
    rows = list(csv.DictReader(io.StringIO(calls.export(CallFilter(teams=("一组",)), ".csv").decode("utf-8-sig"))))
    assert [(row["call_id"], row["agent_name"]) for row in rows] == [("a", f"'{name}")]
    assert calls.export(CallFilter(), ".xlsx")[:2] == b"PK"


def test_an_export_that_would_be_cut_is_refused(data, monkeypatch):
    monkeypatch.setattr("dashboards.call_search.EXPORT_ROWS", 5)
    with pytest.raises(StoreError, match="42 calls match"):
        Calls(data).export(CallFilter(), ".csv")


def test_words_that_try_to_be_markup_are_found_as_words(data):
    assert ids(data, text="<script>window") == {HOSTILE_CALL}
    assert ids(data, text="' or 1=1 --") == set()
    assert APPOINTMENT_CALL in ids(data, text="李静")
