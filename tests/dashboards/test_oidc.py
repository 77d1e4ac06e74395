"""Signing in through an identity provider: real HTTP and signatures on loopback, and everything that can be wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from dashboards.oidc import OidcError, person
from dashboards.sign_in import sign_in_routes
from pipeline.config.settings import Settings
from pipeline.errors import ConfigError
from pipeline.store.reviews import open_reviews
from pipeline.store.users import open_users
from tests.dashboards.conftest import settings_for
from tests.dashboards.gate import served_gate
from tests.dashboards.identity_provider import CLIENT, LI, SECRET, Provider, new_key

ROLES = {"boss": "supervisor", "qa": "reviewer", "seats": "agent"}


def settings_with(home: Path, provider_url: str, **oidc: object) -> Settings:
    settings = settings_for(home)
    metadata_url = f"{provider_url}/.well-known/openid-configuration"
    chosen = {"metadata_url": metadata_url, "client_id": CLIENT, "roles": ROLES, "timeout_s": 5.0, **oidc}
    section = settings.auth.oidc.model_copy(update=chosen)
    return settings.model_copy(update={"auth": settings.auth.model_copy(update={"mode": "oidc", "oidc": section})})


@dataclass
class House:
    """A served gate and sign-in with one page behind it that says who is there."""

    address: str
    settings: Settings
    provider: Provider

    def get(self, path: str, client: requests.Session | None = None, **more: object) -> requests.Response:
        return (client or requests.Session()).get(self.address + path, allow_redirects=False, timeout=10, **more)

    def enter(self, wanted: str = "/who?x=1") -> tuple[requests.Session, requests.Response]:
        """A browser that goes the whole way; the answer of the callback."""
        client = requests.Session()
        sent = self.get(f"/sign-in/provider?next={wanted.replace('?', '%3F')}", client)
        assert sent.status_code == 303, sent.text
        back = client.get(sent.headers["location"], allow_redirects=False, timeout=10)
        assert back.status_code == 302
        return client, client.get(back.headers["location"], allow_redirects=False, timeout=10)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.fixture
def house(provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("CALLQA_OIDC_SECRET", SECRET)
    settings = settings_with(tmp_path, provider.url)

    with served_gate(settings) as address:
        yield House(address, settings, provider)


def test_the_whole_way_in_and_out(house: House) -> None:
    led = house.get("/who?x=1")
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in?next=%2Fwho%3Fx%3D1")
    page = house.get(led.headers["location"])
    assert "/sign-in/provider?lang=zh&amp;next=%2Fwho%3Fx%3D1" in page.text
    assert 'type="password"' not in page.text
    client, entered = house.enter()
    assert (entered.status_code, entered.headers["location"]) == (303, "/who?x=1")
    assert house.get("/who", client).text == "li reviewer"
    with open_users(house.settings.home) as users:
        user = users.user("li")
        assert (user.display_name, user.role, user.has_password) == ("李敏", "reviewer", False)
    left = house.get("/sign-out", client, headers={"referer": house.address})
    assert left.headers["location"].startswith(f"{house.provider.url}/end_session_endpoint?client_id=callqa&")
    assert house.get("/who", client).status_code == 303


def test_the_role_is_the_providers_at_each_sign_in_and_counts_for_open_sessions(house: House) -> None:
    before, _ = house.enter()
    house.provider.claims = {**LI, "groups": ["qa", "boss"]}
    after, _ = house.enter()
    assert house.get("/who", after).text == "li supervisor"
    assert house.get("/who", before).text == "li supervisor"
    with open_reviews(house.settings.home) as reviews:
        assert [(e.who, e.what, e.detail) for e in reviews.audit()][:1] == [
            ("identity provider", "user.role", "li supervisor")
        ]


def test_who_was_disabled_here_is_out_at_once_and_stays_out(house: House) -> None:
    client, _ = house.enter()
    with open_users(house.settings.home) as users:
        users.set_disabled("li", disabled=True, by="test")
    assert house.get("/who", client).status_code == 303
    _, again = house.enter()
    assert again.status_code == 401
    assert "disabled" in again.text


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        ({"aud": "somebody-else"}, "token is not right"),
        ({"iss": "https://evil.example"}, "token is not right"),
        ({"nonce": "another"}, "token is not right"),
        ({"exp": 1_000_000_000}, "token is not right"),
        ({"aud": [CLIENT, "other"]}, "another client (azp)"),
    ],
)
def test_a_token_that_is_not_for_us_is_refused(house: House, spoil: dict[str, object], told: str) -> None:
    house.provider.spoil = spoil
    client, answer = house.enter()
    assert answer.status_code == 401
    assert told in answer.text
    assert "callqa_session" not in client.cookies
    with open_users(house.settings.home) as users:
        assert users.users() == ()


def test_a_token_signed_by_another_key_is_refused(house: House) -> None:
    house.provider.sign_with = new_key("k1")
    assert house.enter()[1].status_code == 401
    house.provider.sign_with = new_key("k9")
    assert house.enter()[1].status_code == 401


def test_a_key_that_the_provider_has_changed_is_fetched(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.enter()
    monkeypatch.setattr("dashboards.oidc.KEYS_AGAIN_S", 0.0)
    house.provider.published = new_key("k2")
    assert house.enter()[1].status_code == 303


def test_an_answer_without_our_cookie_or_with_another_state_is_refused(house: House) -> None:
    client = requests.Session()
    sent = house.get("/sign-in/provider?next=/who", client)
    state = parse_qs(urlsplit(sent.headers["location"]).query)["state"][0]
    assert house.get(f"/sign-in/callback?code=x&state={state}").status_code == 401
    assert house.get("/sign-in/callback?code=x&state=forged", client).status_code == 401
    kept = client.cookies["callqa_oidc"]
    assert (
        house.get(f"/sign-in/callback?code=x&state={state}", cookies={"callqa_oidc": kept[:-2] + "xx"}).status_code
        == 401
    )
    assert "/token_endpoint" not in house.provider.asked


def test_a_code_works_once(house: House) -> None:
    client = requests.Session()
    sent = house.get("/sign-in/provider?next=/who", client)
    back = client.get(sent.headers["location"], allow_redirects=False, timeout=10).headers["location"]
    kept = dict(client.cookies)
    assert client.get(back, allow_redirects=False, timeout=10).status_code == 303
    again = requests.get(back, cookies=kept, allow_redirects=False, timeout=10)
    assert again.status_code == 401
    assert "no token" in again.text


def test_what_the_provider_refuses_is_told(house: House) -> None:
    house.provider.refuse = "access_denied"
    _, answer = house.enter()
    assert answer.status_code == 401
    assert "access_denied" in answer.text


def test_a_provider_that_is_away_is_told(house: House) -> None:
    house.provider.__exit__()
    answer = house.get("/sign-in/provider?next=/who")
    assert answer.status_code == 401
    assert "cannot be asked" in answer.text


def test_no_password_opens_this_door(house: House) -> None:
    with open_users(house.settings.home) as users:
        users.add("local", "本地", "admin", by="test", password="a-long-enough-one")
    values = {"name": "local", "password": "a-long-enough-one", "next": "/who"}
    answer = requests.post(f"{house.address}/sign-in", data=values, headers={"origin": house.address}, timeout=10)
    assert answer.status_code == 405


def test_nobody_is_led_to_another_server(house: House) -> None:
    assert house.enter("https://evil.example/")[1].headers["location"] == "/"


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"groups": ["qa"]}, "names nobody"),
        ({"preferred_username": "li"}, "no group"),
        ({"preferred_username": "li", "groups": "strangers"}, "no group"),
        ({"preferred_username": "chen", "groups": ["seats"]}, "agent without id"),
    ],
)
def test_claims_that_let_nobody_in(tmp_path: Path, claims: dict[str, object], told: str) -> None:
    with pytest.raises(OidcError, match=told):
        person(settings_with(tmp_path, "http://127.0.0.1").auth.oidc, claims)


def test_an_agent_brings_their_id_and_one_group_may_be_a_string(tmp_path: Path) -> None:
    claims = {"preferred_username": "chen", "groups": "seats", "agent_id": 8023}
    found = person(settings_with(tmp_path, "http://127.0.0.1").auth.oidc, claims)
    assert (found.name, found.display_name, found.role, found.agent_id) == ("chen", "chen", "agent", "8023")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"metadata_url": "http://login.hospital.example/x"}, "https://"),
        ({"metadata_url": None}, "https://"),
        ({"client_id": None}, "client_id is not set"),
        ({"roles": {}}, "nobody could sign in"),
        ({"client_secret_file": Path("/nowhere/secret")}, "cannot be read"),
    ],
)
def test_a_provider_that_is_not_set_up_is_told_at_the_start(
    tmp_path: Path, change: dict[str, object], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        sign_in_routes(settings_with(tmp_path, "http://127.0.0.1:1", **change))
