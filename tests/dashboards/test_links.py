"""Audio addresses: opaque, signed, expiring, stable over reruns."""

import stat

import pytest

from dashboards.links import LinkError, audio_token, read_audio_token, signing_key
from pipeline.errors import StoreError

KEY, SHA = b"k" * 32, "ab" * 32


def test_token_comes_back_as_what_it_stands_for():
    token = audio_token(KEY, SHA, 1000.0, 600.0, "li")
    assert read_audio_token(KEY, token, 1001.0, "li").sha256 == SHA
    assert SHA not in token


def test_address_is_the_same_within_a_lifetime_and_valid_for_at_least_one():
    assert audio_token(KEY, SHA, 600.0, 600.0, "li") == audio_token(KEY, SHA, 1199.9, 600.0, "li")
    late = audio_token(KEY, SHA, 1199.9, 600.0, "li")
    assert read_audio_token(KEY, late, 1799.0, "li").expires_at == 1800


def test_expired_forged_foreign_and_damaged_addresses_are_refused():
    token = audio_token(KEY, SHA, 1000.0, 600.0, "li")
    with pytest.raises(LinkError, match="expired"):
        read_audio_token(KEY, token, 1800.0, "li")
    with pytest.raises(LinkError, match="not made by this dashboard"):
        read_audio_token(b"x" * 32, token, 1000.0, "li")
    for bad in (
        "",
        "!",
        "a",
        "../../etc/passwd",
        token[:-1],
        token[:20] + ("A" if token[20] != "A" else "B") + token[21:],
    ):
        with pytest.raises(LinkError):
            read_audio_token(KEY, bad, 1000.0, "li")


def test_key_is_made_once_for_its_owner_only(tmp_path):
    key = signing_key(tmp_path)
    assert len(key) == 32
    assert signing_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / "dashboard.key").stat().st_mode) == 0o600


def test_half_a_key_is_an_error(tmp_path):
    (tmp_path / "dashboard.key").write_bytes(b"short")
    with pytest.raises(StoreError, match="5 bytes, 32 are needed"):
        signing_key(tmp_path)
