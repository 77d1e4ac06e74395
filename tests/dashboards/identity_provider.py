"""A small OpenID provider on loopback for tests: real HTTP, real keys, codes that work once, PKCE checked."""

import base64
import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "callqa", "the-clients-secret"
LI = {"sub": "u1", "preferred_username": "li", "name": "李敏", "groups": ["qa", "staff"]}


def new_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}, private=True)


@dataclass
class Provider:
    """What it does. claims: who is at the browser; spoil: laid over the token's claims; sign_with: another key."""

    claims: dict[str, Any] = field(default_factory=lambda: dict(LI))
    spoil: dict[str, Any] = field(default_factory=dict)
    refuse: str | None = None
    published: RSAKey = field(default_factory=lambda: new_key("k1"))
    sign_with: RSAKey | None = None
    asked: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def __enter__(self) -> "Provider":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def metadata(self) -> dict[str, str]:
        ends = ("authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint")
        return {"issuer": self.url} | {name: f"{self.url}/{name}" for name in ends}

    def code_for(self, query: dict[str, str]) -> str:
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(8)
        self._codes[code] = query
        return code

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """The answer for a code; None when client, code or verifier are not right."""
        asked = self._codes.pop(form.get("code", ""), None)
        expected = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if asked is None or authorization != f"Basic {expected}" or form["redirect_uri"] != asked["redirect_uri"]:
            return None
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return None
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": asked["nonce"]}
        key = self.sign_with or self.published
        id_token = jwt.encode({"alg": "RS256", "kid": key.kid}, {**claims, **self.claims, **self.spoil}, key)
        return {"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": id_token}


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            provider.asked.append(parts.path)
            if parts.path == "/.well-known/openid-configuration":
                self._json(provider.metadata)
            elif parts.path == "/jwks_uri":
                self._json(KeySet([provider.published]).as_dict(private=False))
            elif parts.path == "/authorization_endpoint":
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                answer = {"error": provider.refuse} if provider.refuse else {"code": provider.code_for(query)}
                self.send_response(302)
                self.send_header(
                    "location", f"{query['redirect_uri']}?{urlencode({**answer, 'state': query['state']})}"
                )
                self.end_headers()
            else:
                self._json({}, 404)

        def do_POST(self) -> None:
            provider.asked.append(self.path)
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            answer = provider.token(form, self.headers.get("authorization", ""))
            self._json(answer or {"error": "invalid_grant"}, 200 if answer else 400)

        def _json(self, value: object, status: int = 200) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
