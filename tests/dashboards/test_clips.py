"""Clips: what lies between two seconds and nothing else, for those who may hear the call, or whom a supervisor let."""

import io
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dashboards.audio_route import audio_route
from dashboards.data import Data
from dashboards.links import audio_token, read_audio_token, signing_key
from dashboards.playlists import Playlists
from pipeline.store.playlists import Moment, open_playlists
from pipeline.store.users import PermissionDeniedError, User, open_users
from tests.dashboards.conftest import settings_for
from tests.dashboards.seed import APPOINTMENT_CALL, COMPLAINT_CALL

PASSWORD = "a-long-enough-one"
BOSS = User("zhou", "周主管", "supervisor")
AGENT = User("chen", "陈晨", "agent", agent_id="8023")
FOREIGN = Moment(COMPLAINT_CALL, 29.8, 33.1, good=False, note="不要这样说")


@pytest.fixture
def settings(home: Path):
    (home / "callqa.yaml").write_text("auth: {mode: local}\n", encoding="utf-8")
    with open_users(home) as users:
        users.add("zhou", "周主管", "supervisor", by="test", password=PASSWORD)
        users.add("chen", "陈晨", "agent", by="test", agent_id="8023", password=PASSWORD)
    return settings_for(home)


@pytest.fixture
def client(settings):
    with TestClient(Starlette(routes=[audio_route(settings, Data(settings))]), client=("127.0.0.1", 5000)) as found:
        yield found


def signed_in(client: TestClient, settings, name: str) -> TestClient:
    with open_users(settings.home) as users:
        client.cookies.set("callqa_session", users.start_session(name, 3600))
    return client


def shared(settings, audience: str) -> str:
    with open_playlists(settings.home) as store:
        made = store.create(BOSS, "听一听", audience).playlist_id
        store.add(made, BOSS, FOREIGN)
    return made


def clip_url(settings, user: User) -> str:
    data = Data(settings).seen_by(user)
    (playlist,) = Playlists(data).all()
    (heard,) = Playlists(data).moments(playlist)
    assert heard.url is not None
    return heard.url


def test_a_clip_holds_its_seconds_and_nothing_else(client, settings):
    shared(settings, "agents")
    answer = signed_in(client, settings, "chen").get(clip_url(settings, AGENT))
    assert answer.status_code == 200
    samples, rate_hz = sf.read(io.BytesIO(answer.content), always_2d=True)
    assert len(samples) == round(3.3 * rate_hz)
    whole, _ = sf.read(Data(settings).recording(sha_of(settings, COMPLAINT_CALL)).path, always_2d=True)
    assert np.abs(samples - whole[round(29.8 * rate_hz) : round(33.1 * rate_hz)]).max() < 1e-3


def sha_of(settings, call_id: str) -> str:
    return Data(settings).call(call_id).head["sha256"]


def test_an_agent_hears_it_only_while_a_supervisor_shares_it(client, settings):
    made = shared(settings, "agents")
    url = clip_url(settings, AGENT)
    assert signed_in(client, settings, "chen").get(url).status_code == 200
    with open_playlists(settings.home) as store:
        store.share(made, BOSS, "staff")
    assert client.get(url).status_code == 403
    assert Playlists(Data(settings).seen_by(AGENT)).all() == ()


def test_an_agent_is_not_told_whose_call_it_is(settings):
    shared(settings, "agents")
    for user, call_id, agent in ((AGENT, None, None), (BOSS, COMPLAINT_CALL, "王强 8031")):
        data = Data(settings).seen_by(user)
        (heard,) = Playlists(data).moments(Playlists(data).all()[0])
        assert (heard.call_id, heard.agent) == (call_id, agent)
        assert heard.lines == (("agent", "你急什么，慢慢等就是了，我也没办法。"),)


@pytest.mark.parametrize("clip_s", [None, (0.0, 46.0), (29.0, 33.1), (29.8, 34.0)])
def test_no_other_part_of_the_call_is_had_by_a_token_of_ones_own(client, settings, clip_s):
    shared(settings, "agents")
    key, now_s = signing_key(settings.home), time.time()
    token = audio_token(key, sha_of(settings, COMPLAINT_CALL), now_s, 3600, "chen", clip_s)
    assert signed_in(client, settings, "chen").get(f"/audio/{token}").status_code == 403


def test_ones_own_call_needs_no_playlist(client, settings):
    key, now_s = signing_key(settings.home), time.time()
    token = audio_token(key, sha_of(settings, APPOINTMENT_CALL), now_s, 3600, "chen", (1.0, 2.0))
    assert signed_in(client, settings, "chen").get(f"/audio/{token}").status_code == 200


def test_a_clips_seconds_are_signed():
    key = b"k" * 32
    token = audio_token(key, "ab" * 32, 1000.0, 60.0, "li", (1.25, 2.5))
    assert read_audio_token(key, token, 1000.0, "li").clip_s == (1.25, 2.5)
    assert read_audio_token(key, audio_token(key, "ab" * 32, 1000.0, 60.0, "li"), 1000.0, "li").clip_s is None


def test_a_moment_of_a_call_that_is_gone_is_told(settings):
    with open_playlists(settings.home) as store:
        made = store.create(BOSS, "旧的", "staff").playlist_id
        store.add(made, BOSS, Moment("no such call", 0.0, 1.0, good=True))
    data = Data(settings).seen_by(BOSS)
    (heard,) = Playlists(data).moments(Playlists(data).all()[0])
    assert heard.url is None


def test_somebody_elses_private_playlist_is_refused(settings):
    with open_playlists(settings.home) as store:
        mine = store.create(BOSS, "自己听", "mine")
    with pytest.raises(PermissionDeniedError):
        Playlists(Data(settings).seen_by(User("li", "李敏", "reviewer"))).moments(mine)
