"""The route over the real server: ranges, refusals, and the line in the audit log."""

import time
import urllib.error
import urllib.request

import pytest

from dashboards.data import Data
from dashboards.links import audio_token, signing_key
from pipeline.store.reviews import open_reviews
from tests.dashboards.conftest import settings_for
from tests.dashboards.seed import COMPLAINT_CALL, GONE_CALL, UNKNOWN_CALL


def fetch(served: str, token: str, **headers: str):
    """Status, headers and body of /audio/TOKEN."""
    request = urllib.request.Request(f"{served}audio/{token}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


@pytest.fixture
def token(served_home):
    """Makes valid tokens for calls."""
    data = Data(settings_for(served_home))

    def of(call_id: str, now_s: float | None = None) -> str:
        sha256 = data.call(call_id).head["sha256"]
        return audio_token(signing_key(served_home), sha256, now_s or time.time(), 3600.0, "local")

    return of


def test_whole_file_and_a_range_of_it(served, token):
    status, headers, body = fetch(served, token(UNKNOWN_CALL))
    assert (status, headers["content-type"]) == (200, "audio/wav")
    assert body[:4] == b"RIFF"
    assert "no-store" in headers["cache-control"]
    assert headers["x-content-type-options"] == "nosniff"
    status, headers, part = fetch(served, token(UNKNOWN_CALL), Range="bytes=1000-1999")
    assert (status, len(part)) == (206, 1000)
    assert part == body[1000:2000]
    assert headers["content-range"] == f"bytes 1000-1999/{len(body)}"


def test_telephone_format_arrives_as_flac(served, token):
    status, headers, body = fetch(served, token(COMPLAINT_CALL))
    assert (status, headers["content-type"], body[:4]) == (200, "audio/flac", b"fLaC")


def test_bad_addresses_give_no_data(served, token):
    assert fetch(served, "x" * 60)[0] == 403
    assert fetch(served, token(UNKNOWN_CALL, now_s=1000.0))[0] == 403
    assert fetch(served, "..%2f..%2fetc%2fpasswd")[0] in (400, 403, 404)
    foreign = audio_token(b"z" * 32, "ab" * 32, time.time(), 3600.0, "local")
    status, _, body = fetch(served, foreign)
    assert status == 403
    assert b"not made by this dashboard" in body


def test_recording_that_is_gone_says_so(served, token):
    status, _, body = fetch(served, token(GONE_CALL))
    assert status == 404
    assert b"does not exist any more" in body


def test_each_play_is_in_the_audit_log_once(served, served_home, token):
    with open_reviews(served_home) as reviews:
        before = len(reviews.audit(COMPLAINT_CALL))
    later = token(COMPLAINT_CALL, now_s=time.time() + 3600)  # another address than the other tests used
    for _ in range(3):
        assert fetch(served, later, Range="bytes=0-99")[0] == 206
    with open_reviews(served_home) as reviews:
        entries = reviews.audit(COMPLAINT_CALL)
    assert len(entries) == before + 1
    assert entries[0].what == "audio.play"
