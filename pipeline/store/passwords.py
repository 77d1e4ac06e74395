"""Passwords: argon2id (RFC 9106, by default argon2-cffi's second recommended option), and how long they must be."""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from pipeline.errors import StoreError

MIN_PASSWORD_CHARACTERS = 10
MAX_PASSWORD_CHARACTERS = 200
TEMPORARY_BYTES = 12


class PasswordError(StoreError):
    """A new password that is too short, too long or the old one."""


def temporary_password() -> str:
    """One that nobody could guess, to be changed at the first sign-in."""
    return secrets.token_urlsafe(TEMPORARY_BYTES)


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys_hash() -> str:
    """Checked for unknown names, so that they take as long as known ones."""
    return _hasher().hash(secrets.token_urlsafe(16))


def hashed(password: str) -> str:
    if not MIN_PASSWORD_CHARACTERS <= len(password) <= MAX_PASSWORD_CHARACTERS:
        raise PasswordError(
            f"the password has {len(password)} characters; take {MIN_PASSWORD_CHARACTERS} to {MAX_PASSWORD_CHARACTERS}"
        )
    return _hasher().hash(password)


def matches(hashed: str | None, password: str) -> bool:
    try:
        return _hasher().verify(hashed or _nobodys_hash(), password[: MAX_PASSWORD_CHARACTERS + 1]) and bool(hashed)
    except (VerifyMismatchError, InvalidHashError):
        return False
