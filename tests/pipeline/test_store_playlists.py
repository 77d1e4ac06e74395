"""Playlists are what their steps add up to; agents hear what a supervisor shared, and that alone."""

import sqlite3

import pytest

from pipeline.errors import StoreError
from pipeline.store.playlists import Moment, open_playlists
from pipeline.store.reviews import reviews_path
from pipeline.store.users import PermissionDeniedError, User

LI = User("li", "李敏", "reviewer")
ZHOU = User("zhou", "周宁", "reviewer")
WU = User("wu", "吴芳", "supervisor")
AGENT = User("wang", "王强", "agent", agent_id="8031")
GOOD = Moment("c1", 12.0, 31.5, good=True, note="先共情，后解释")
BAD = Moment("c2", 3.0, 9.0, good=False)


@pytest.fixture
def store(tmp_path):
    with open_playlists(tmp_path) as playlists:
        yield playlists


def calls(playlist):
    return [(m.number, m.call_id, m.good, m.note) for m in playlist.moments]


def test_add_note_move_remove(store):
    made = store.create(LI, " 安抚 情绪 ", "staff")
    store.add(made.playlist_id, LI, GOOD)
    store.add(made.playlist_id, ZHOU, BAD)
    store.add(made.playlist_id, LI, Moment("c3", 0.0, 1.0, good=True))
    store.write_note(made.playlist_id, ZHOU, 3, "不要这样")
    moved = store.move(made.playlist_id, LI, 4, 0)
    assert calls(moved) == [(4, "c3", True, ""), (2, "c1", True, "先共情，后解释"), (3, "c2", False, "不要这样")]
    left = store.remove(made.playlist_id, LI, 2)
    assert [m.call_id for m in left.moments] == ["c3", "c2"]
    assert (left.title, left.owner, left.steps) == ("安抚 情绪", "li", 7)
    with pytest.raises(StoreError, match="not on the playlist"):
        store.move(made.playlist_id, LI, 2, 0)
    assert store.rename(made.playlist_id, LI, "新名").title == "新名"


def test_whose_it_is(store):
    mine = store.create(LI, "自己听", "mine").playlist_id
    staff = store.create(LI, "大家听", "staff").playlist_id
    assert {p.playlist_id for p in store.all(LI)} == {mine, staff}
    assert {p.playlist_id for p in store.all(ZHOU)} == {staff}
    assert store.all(AGENT) == ()
    for act in (store.playlist, lambda p, u: store.add(p, u, GOOD)):
        with pytest.raises(PermissionDeniedError):
            act(mine, ZHOU)
        with pytest.raises(PermissionDeniedError):
            act(staff, AGENT)
    with pytest.raises(PermissionDeniedError):
        store.create(AGENT, "坐席建的", "mine")


def test_only_a_supervisor_lets_agents_hear_and_then_only_a_supervisor_adds(store):
    made = store.create(LI, "培训", "staff").playlist_id
    store.add(made, LI, GOOD)
    assert not store.heard_by_agents("c1", 12.0, 31.5)
    with pytest.raises(PermissionDeniedError, match="supervisor"):
        store.share(made, LI, "agents")
    store.share(made, WU, "agents")
    assert [p.playlist_id for p in store.all(AGENT)] == [made]
    assert store.heard_by_agents("c1", 12.0, 31.5)
    assert store.heard_by_agents("c1", 13.0, 20.0)
    assert not store.heard_by_agents("c1", 11.0, 31.5)
    assert not store.heard_by_agents("c2", 12.0, 31.5)
    with pytest.raises(PermissionDeniedError, match="supervisor"):
        store.add(made, LI, BAD)
    store.add(made, WU, BAD)
    store.remove(made, WU, 2)
    assert not store.heard_by_agents("c1", 12.0, 31.5)


def test_taken_back_from_agents_and_closed(store):
    made = store.create(WU, "培训", "agents").playlist_id
    store.add(made, WU, GOOD)
    store.share(made, WU, "staff")
    assert not store.heard_by_agents("c1", 12.0, 31.5)
    store.share(made, WU, "agents")
    store.close(made, WU)
    assert not store.heard_by_agents("c1", 12.0, 31.5)
    assert store.all(WU) == ()
    with pytest.raises(PermissionDeniedError):
        store.playlist(made, WU)


@pytest.mark.parametrize(("start_s", "end_s"), [(5.0, 5.0), (-1.0, 2.0), (0.0, 600.5)])
def test_a_moment_has_a_length(store, start_s, end_s):
    made = store.create(LI, "培训", "mine").playlist_id
    with pytest.raises(StoreError, match="is none"):
        store.add(made, LI, Moment("c1", start_s, end_s, good=True))


@pytest.mark.parametrize("title", ["", "  ", "长" * 61])
def test_a_playlist_has_a_title(store, title):
    with pytest.raises(StoreError, match="1 to 60"):
        store.create(LI, title, "mine")


def test_the_store_forbids_change(tmp_path, store):
    store.create(LI, "培训", "mine")
    with sqlite3.connect(reviews_path(tmp_path)) as connection:
        for sql in ("update playlist_steps set title = 'x'", "delete from playlist_steps"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(sql)
