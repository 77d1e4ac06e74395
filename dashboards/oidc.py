"""Signing in through an identity provider: OpenID Connect, authorisation code flow with PKCE.

    provider = Provider(settings.auth.oidc)
    address, state = provider.begin(redirect_url)          send the browser there, keep `state` in its cookie
    claims = provider.finish(query, state, redirect_url)   when it comes back; raises OidcError unless all is right
    who = person(settings.auth.oidc, claims)               name, role and agent id by the settings

Checked: state, PKCE, the token's signature by the provider's published keys, issuer, audience, expiry, nonce (OpenID
Connect Core 1.0, 3.1.3.7; RFC 7636). The session after that is our own (`pipeline.store.users`): it runs out, ends when
the user is disabled, and is asked for at every run of a page.
"""

import os
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from pipeline.config.settings import OidcSettings
from pipeline.errors import CallQaError, ConfigError
from pipeline.store.users import UserRole

SECRET = "CALLQA_OIDC_SECRET"  # noqa: S105 - the name of a variable, no secret
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
METADATA_S = 3600.0  # the provider's addresses and keys are asked for again after this
KEYS_AGAIN_S = 30.0  # an unknown key makes us ask again, but no more often than this
LEEWAY_S = 60
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class OidcError(CallQaError):
    """A sign-in at the provider that failed or was refused. The message may be shown to whoever tried."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What the browser keeps while it is at the provider."""

    state: str
    nonce: str
    code_verifier: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the provider has signed in, by the settings' mapping."""

    name: str
    display_name: str
    role: UserRole
    agent_id: str | None


@dataclass(slots=True)
class _Known:
    """What was read from the provider, and when (monotonic seconds)."""

    metadata: dict[str, Any] = field(default_factory=dict)
    keys: KeySet | None = None
    read_at: float = -METADATA_S
    lock: threading.Lock = field(default_factory=threading.Lock)


class Provider:
    """One identity provider. Made once; may be used from several threads."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._known = _Known()
        self._url = _https(settings.metadata_url or "", "auth.oidc.metadata_url")
        self._client_id = settings.client_id or ""
        if not self._client_id:
            raise ConfigError("auth.oidc.client_id is not set; it is the name under which the provider knows callqa")
        if not settings.roles:
            raise ConfigError("auth.oidc.roles is empty, nobody could sign in; name a group and its role")
        if settings.redirect_url:
            _https(settings.redirect_url, "auth.oidc.redirect_url")
        self._secret = _secret(settings)

    def begin(self, redirect_url: str) -> tuple[str, Begun]:
        """Where to send the browser, and what it has to bring back. Raises OidcError when the provider is away."""
        begun = Begun(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))
        address, _ = self._client(redirect_url).create_authorization_url(
            self._endpoint("authorization_endpoint"),
            state=begun.state,
            code_verifier=begun.code_verifier,
            nonce=begun.nonce,
        )
        return str(address), begun

    def finish(self, query: Mapping[str, str], begun: Begun, redirect_url: str) -> dict[str, Any]:
        """The checked claims of the ID token. Raises OidcError naming what is not right."""
        if "error" in query:
            raise OidcError(f"the identity provider refused: {query['error'][:100]}")
        if not secrets.compare_digest(query.get("state", "").encode(), begun.state.encode()):
            raise OidcError("this answer does not belong to this sign-in; begin again")
        if not query.get("code"):
            raise OidcError("the identity provider sent no code; begin again")
        client = self._client(redirect_url)
        try:
            token = client.fetch_token(
                self._endpoint("token_endpoint"),
                code=query["code"],
                code_verifier=begun.code_verifier,
                timeout=self._settings.timeout_s,
            )
        except (AuthlibBaseError, requests.RequestException, ValueError) as error:
            raise OidcError(f"the identity provider gave no token: {_short(error)}") from error
        if not token.get("id_token"):
            raise OidcError("the identity provider sent no ID token; is `openid` among auth.oidc.scopes?")
        return self._checked(str(token["id_token"]), begun.nonce)

    def sign_out_url(self, back_to: str) -> str | None:
        """Where the provider's own session is ended, None where it has no such place."""
        endpoint = self._read()[0].get("end_session_endpoint")
        if not endpoint:
            return None
        request = requests.Request(
            "GET", endpoint, params={"client_id": self._client_id, "post_logout_redirect_uri": back_to}
        )
        return request.prepare().url

    def _checked(self, id_token: str, nonce: str) -> dict[str, Any]:
        metadata, keys = self._read()
        try:
            try:
                token = jwt.decode(id_token, keys, algorithms=list(ALGORITHMS))
            except (ValueError, JoseError):  # a key we do not know yet: the provider may have changed it
                _, keys = self._read(older_than_s=KEYS_AGAIN_S)
                token = jwt.decode(id_token, keys, algorithms=list(ALGORITHMS))
            jwt.JWTClaimsRegistry(
                leeway=LEEWAY_S,
                iss={"essential": True, "value": metadata["issuer"]},
                aud={"essential": True, "value": self._client_id},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(token.claims)
        except (JoseError, ValueError) as error:
            raise OidcError(f"the identity provider's token is not right: {_short(error)}") from error
        claims: dict[str, Any] = token.claims
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != self._client_id:
            raise OidcError("the identity provider's token was made for another client (azp)")
        return claims

    def _endpoint(self, name: str) -> str:
        found = self._read()[0].get(name)
        if not isinstance(found, str):
            raise OidcError(f"the identity provider names no {name}; is auth.oidc.metadata_url right?")
        return _https(found, f"the provider's {name}")

    def _read(self, older_than_s: float = METADATA_S) -> tuple[dict[str, Any], KeySet]:
        """The provider's metadata and keys, read again once they are older than that."""
        known = self._known
        with known.lock:
            if known.keys is None or time.monotonic() - known.read_at > older_than_s:
                metadata = self._get(self._url)
                keys = KeySet.import_key_set(
                    self._get(_https(str(metadata.get("jwks_uri")), "the provider's jwks_uri"))
                )
                known.metadata, known.keys, known.read_at = metadata, keys, time.monotonic()
            return known.metadata, known.keys

    def _get(self, url: str) -> Any:
        try:
            answer = requests.get(url, timeout=self._settings.timeout_s, allow_redirects=False)
            answer.raise_for_status()
            return answer.json()
        except (requests.RequestException, ValueError) as error:
            raise OidcError(f"the identity provider cannot be asked ({url}): {_short(error)}") from error

    def _client(self, redirect_url: str) -> OAuth2Session:
        return OAuth2Session(
            client_id=self._client_id,
            client_secret=self._secret,
            token_endpoint_auth_method="client_secret_basic" if self._secret else "none",
            scope=self._settings.scopes,
            redirect_uri=redirect_url,
            code_challenge_method="S256",
        )


def person(settings: OidcSettings, claims: Mapping[str, Any]) -> Person:
    """Name, role and agent id by the settings' mapping.

    Raises OidcError when the provider does not name the user, or puts them in no group that may come in.
    """
    name = claims.get(settings.name_claim)
    if not isinstance(name, str) or not name.strip():
        raise OidcError(f"the identity provider names nobody (claim {settings.name_claim})")
    groups = claims.get(settings.groups_claim) or []
    held = {groups} if isinstance(groups, str) else {str(group) for group in groups}
    role = next((role for group, role in settings.roles.items() if group in held), None)
    if role is None:
        raise OidcError(f"{name.strip()} is in no group that may use callqa; ask an administrator")
    agent_id = claims.get(settings.agent_claim)
    if role == "agent" and not agent_id:
        raise OidcError(f"{name.strip()} is an agent without id (claim {settings.agent_claim}); ask an administrator")
    shown = claims.get(settings.display_claim)
    return Person(
        name=name.strip(),
        display_name=shown.strip() if isinstance(shown, str) and shown.strip() else name.strip(),
        role=role,
        agent_id=str(agent_id) if role == "agent" else None,
    )


def _https(url: str, what: str) -> str:
    """The address, if it is https, or http on this machine. Raises ConfigError: a token must not travel in the open."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return url
    raise ConfigError(f"{what} = {url!r}; it must be an address with https://")


def _secret(settings: OidcSettings) -> str | None:
    path = settings.client_secret_file
    if path is None:
        return os.environ.get(SECRET) or None
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except OSError as error:
        raise ConfigError(f"auth.oidc.client_secret_file {path} cannot be read: {error.strerror}") from error


def _short(error: Exception) -> str:
    return str(error)[:200] or type(error).__name__
