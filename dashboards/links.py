"""Signed, expiring addresses for audio. A client never names a path, and cannot make an address by itself."""

import base64
import hashlib
import hmac
import os
import secrets
import struct
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import CallQaError, StoreError

_MAC_BYTES = 16
_EXPIRY = struct.Struct(">Q")
_CLIP = struct.Struct(">II")  # first and last millisecond
_SHA_BYTES = 32


class LinkError(CallQaError):
    """An audio address that is forged, damaged or out of date."""


@dataclass(frozen=True, slots=True)
class AudioLink:
    """What a valid address stands for. sha256: of the recording's bytes, hex. expires_at: seconds since 1970.

    clip_s: from and to which second, None: the whole recording.
    """

    sha256: str
    expires_at: int
    clip_s: tuple[float, float] | None = None


def signing_key(home: Path) -> bytes:
    """The 32-byte key of this data folder, made once with mode 0600.

    Raises StoreError when it can neither be read nor made.
    """
    path = home / "dashboard.key"
    try:
        return _read_or_make(path)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be read or written: {error}; give the dashboard's user write access"
        ) from error


def _read_or_make(path: Path) -> bytes:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600, exist_ok=False)
        fresh.write_bytes(secrets.token_bytes(32))
        try:
            os.link(fresh, path)  # the first of several starting processes wins, nobody sees half a key
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    key = path.read_bytes()
    if len(key) < 32:
        raise StoreError(f"{path} holds {len(key)} bytes, 32 are needed; remove the file, a new key is made")
    return key


def audio_token(
    key: bytes,
    sha256: str,
    now_s: float,
    lifetime_s: float,
    user: str,
    clip_s: tuple[float, float] | None = None,
) -> str:
    """An opaque token for this user and the recording with this content digest, valid for lifetime_s to twice that.

    clip_s: only what lies between these seconds. The expiry is rounded up to whole lifetimes, so that the address stays
    the same over a page's reruns.
    """
    lifetime = max(1, round(lifetime_s))
    expires_at = (int(now_s) // lifetime + 2) * lifetime
    clip = b"" if clip_s is None else _CLIP.pack(*(round(1000 * s) for s in clip_s))
    body = bytes.fromhex(sha256) + _EXPIRY.pack(expires_at) + clip
    return base64.urlsafe_b64encode(body + _mac(key, body, user)).rstrip(b"=").decode("ascii")


def read_audio_token(key: bytes, token: str, now_s: float, user: str) -> AudioLink:
    """What `token` stands for. Raises LinkError when it was not made with `key` for this user, or is out of date."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise LinkError("this audio address is damaged; open the call again") from error
    body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    whole = _SHA_BYTES + _EXPIRY.size
    if len(body) not in (whole, whole + _CLIP.size) or not hmac.compare_digest(mac, _mac(key, body, user)):
        raise LinkError("this audio address was not made by this dashboard for you; open the call again")
    (expires_at,) = _EXPIRY.unpack(body[_SHA_BYTES:whole])
    if now_s >= expires_at:
        raise LinkError("this audio address has expired; reload the call's page")
    clip_s = None
    if len(body) > whole:
        first_ms, last_ms = _CLIP.unpack(body[whole:])
        clip_s = (first_ms / 1000, last_ms / 1000)
    return AudioLink(body[:_SHA_BYTES].hex(), expires_at, clip_s)


def _mac(key: bytes, body: bytes, user: str) -> bytes:
    return hmac.new(key, b"audio:" + body + user.encode(), hashlib.sha256).digest()[:_MAC_BYTES]
