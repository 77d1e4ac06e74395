"""Reviews: versions are appended, the latest holds, and nobody overwrites what they have not seen."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.errors import StoreError
from pipeline.store import sqlite as store_sqlite
from pipeline.store.reviews import ReviewConflict, ReviewForm, ReviewItem, open_reviews, reviews_path

FORM = ReviewForm(
    call_id="c1",
    reviewer="li",
    items=(ReviewItem("greeting", 10.0), ReviewItem("empathy", 4.0, True, "道歉太晚"), ReviewItem("fee", None)),
    comment="整体不错",
    total=87.5,
    fatal=False,
    snapshot_id=3,
    rulebook_version="r1",
    scorecard_id="standard",
    scorecard_version="1",
)


def test_the_latest_verdict_holds_and_the_others_are_kept(tmp_path: Path) -> None:
    with open_reviews(tmp_path) as store:
        first = store.add_verdict("c1", "rule@100", "confirm", reviewer="li", comment="听过了")
        store.add_verdict("c1", "rule@100", "reject", reviewer="wang", based_on=1)
        store.add_verdict("c1", "other@7", "confirm", reviewer="li")
        store.add_verdict("c2", "rule@100", "confirm", reviewer="li")
    with open_reviews(tmp_path) as store:
        latest = store.latest_verdicts("c1")
        assert {k: (v.verdict, v.version, v.reviewer) for k, v in latest.items()} == {
            "rule@100": ("reject", 2, "wang"),
            "other@7": ("confirm", 1, "li"),
        }
        assert store.verdict_history("c1")[0] == first
        assert (datetime.now(UTC) - first.created_at).total_seconds() < 60


def test_a_withdrawn_verdict_leaves_the_finding_open(tmp_path: Path) -> None:
    with open_reviews(tmp_path) as store:
        store.add_verdict("c1", "rule@100", "reject", reviewer="li")
        store.add_verdict("c1", "rule@100", "withdraw", reviewer="li", based_on=1)
        assert store.latest_verdicts("c1") == {}
        assert len(store.verdict_history("c1")) == 2


def test_a_verdict_on_an_older_version_is_a_conflict_and_changes_nothing(tmp_path: Path) -> None:
    with open_reviews(tmp_path) as store:
        store.add_verdict("c1", "rule@100", "confirm", reviewer="li")
        with pytest.raises(ReviewConflict, match="saved by somebody else"):
            store.add_verdict("c1", "rule@100", "reject", reviewer="wang")
        assert [v.verdict for v in store.verdict_history("c1")] == ["confirm"]
        assert [e.what for e in store.audit()] == ["verdict.confirm"]


def test_forms_are_versions_and_come_back_whole(tmp_path: Path) -> None:
    with open_reviews(tmp_path) as store:
        assert store.latest_review("c1") is None
        first = store.add_review(FORM)
        assert (first.form, first.version) == (FORM, 1)
        second_form = ReviewForm(**{**{f: getattr(FORM, f) for f in FORM.__slots__}, "total": 60.0, "based_on": 1})
        second = store.add_review(second_form)
        assert store.latest_review("c1") == second
        assert second.form == second_form
        assert [r.form.total for r in store.review_history("c1")] == [87.5, 60.0]
        assert store.latest_reviews() == {"c1": second}
        with pytest.raises(ReviewConflict):
            store.add_review(second_form)


def test_an_override_needs_a_reason(tmp_path: Path) -> None:
    bare = ReviewForm(
        **{**{f: getattr(FORM, f) for f in FORM.__slots__}, "items": (ReviewItem("empathy", 1.0, True, " "),)}
    )
    with open_reviews(tmp_path) as store:
        with pytest.raises(StoreError, match="empathy of call c1 was changed without a reason"):
            store.add_review(bare)
        assert store.review_history("c1") == ()


@pytest.mark.parametrize("table", ["verdicts", "reviews", "review_items", "audit_log"])
def test_nothing_is_ever_changed_or_deleted(tmp_path: Path, table: str) -> None:
    with open_reviews(tmp_path) as store:
        store.add_verdict("c1", "rule@100", "confirm", reviewer="li")
        store.add_review(FORM)
    connection = sqlite3.connect(reviews_path(tmp_path))
    column = connection.execute(f"select name from pragma_table_info('{table}') limit 1").fetchone()[0]
    for sql in (f"update {table} set {column} = {column}", f"delete from {table}"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(sql)
    connection.close()


def test_an_unknown_verdict_is_refused(tmp_path: Path) -> None:
    with open_reviews(tmp_path) as store, pytest.raises(sqlite3.IntegrityError):
        store.add_verdict("c1", "rule@100", "maybe", reviewer="li")  # type: ignore[arg-type]


def test_plays_are_logged_newest_first(tmp_path: Path) -> None:
    with open_reviews(tmp_path) as store:
        store.log("li", "audio.play", call_id="c1")
        store.log("wang", "audio.play", call_id="c2", detail="12.5 s")
        assert [(e.who, e.call_id, e.detail) for e in store.audit()] == [("wang", "c2", "12.5 s"), ("li", "c1", "")]
        assert [e.who for e in store.audit("c1")] == ["li"]
        assert len(store.audit(limit=1)) == 1


def test_many_reviewers_at_once_lose_nothing(tmp_path: Path) -> None:
    def work(reviewer: int) -> None:
        with open_reviews(tmp_path) as store:
            for i in range(10):
                store.add_verdict(f"c{reviewer}", f"rule@{i}", "confirm", reviewer=f"r{reviewer}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    with open_reviews(tmp_path) as store:
        assert [len(store.latest_verdicts(f"c{r}")) for r in range(4)] == [10] * 4
        assert len(store.audit()) == 40


@pytest.mark.parametrize("attempt", range(5))
def test_a_new_store_may_be_opened_by_many_at_once(tmp_path: Path, attempt: int) -> None:
    def first_verdict(reviewer: int) -> None:
        with open_reviews(tmp_path) as store:
            store.add_verdict(f"c{reviewer}", "rule@1", "confirm", reviewer=f"r{reviewer}")

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(first_verdict, range(12)))
    with open_reviews(tmp_path) as store:
        assert len(store.audit()) == 12


def test_hostile_text_is_kept_as_text(tmp_path: Path) -> None:
    hostile = "'); drop table verdicts; -- <script>alert(1)</script> \u202e" + "长" * 10_000
    with open_reviews(tmp_path) as store:
        store.add_verdict("c1", hostile, "confirm", reviewer=hostile, comment=hostile)
        assert store.latest_verdicts("c1")[hostile].comment == hostile


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with open_reviews(tmp_path):
        pass
    connection = sqlite3.connect(reviews_path(tmp_path))
    connection.execute("insert into schema_migrations values (9, '0009_reviews.sql', 'x', 'now')")
    connection.commit()
    with pytest.raises(StoreError, match=r"newer callqa \(migration 0009_reviews"), open_reviews(tmp_path):
        pass
    connection.execute("delete from schema_migrations where number = 9")
    connection.execute("update schema_migrations set digest = 'y'")
    connection.commit()
    with pytest.raises(StoreError, match=r"another 0001_reviews\.sql"), open_reviews(tmp_path):
        pass
    connection.close()


def test_a_store_that_cannot_be_made_names_path_and_remedy(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with (
        pytest.raises(StoreError, match=r"reviews\.sqlite cannot be opened.*CALLQA_HOME"),
        open_reviews(tmp_path / "data"),
    ):
        pass


def test_a_write_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    connection = store_sqlite.open_sqlite(tmp_path / "r.sqlite", "reviews")
    with pytest.raises(sqlite3.IntegrityError), store_sqlite.transaction(connection):
        connection.execute("insert into audit_log (created_at, who, what, detail) values ('t', 'a', 'b', '')")
        connection.execute("insert into audit_log (created_at, who, what, detail) values ('t', '', 'b', '')")
    assert connection.execute("select count(*) from audit_log").fetchone()[0] == 0
    connection.close()
