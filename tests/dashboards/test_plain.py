"""Hostile text is harmless in labels."""

import pytest

from dashboards.plain import clock, escaped, plain


def test_marks_of_direction_and_control_are_dropped():
    assert plain("a\u202eb\u2066c\x00d\nе") == "abcd е"


def test_long_text_is_cut_with_a_sign():
    assert plain("长" * 300, 10) == "长" * 9 + "…"


@pytest.mark.parametrize("text", ["<b>x</b>", "![x](http://a)", "**x**", ":red[x]", "$x$", "www.a.b", "`x`", "[x](y)"])
def test_every_ascii_punctuation_mark_is_escaped(text):
    marked = escaped(text)
    assert marked.replace("\\", "").replace("\u2060", "") == text
    assert all(
        marked[i - 1] == "\\" for i, c in enumerate(marked) if not c.isalnum() and c not in "\\ " and c.isascii()
    )


def test_clock():
    assert [clock(s) for s in (0, 9.99, 61, 3661.2, None)] == ["0:00", "0:09", "1:01", "1:01:01", "—"]


@pytest.mark.parametrize("text", ["http://a.b", "HTTPS://a.b", "www.a.b", "a@b.cn"])
def test_bare_addresses_are_broken(text):
    assert "\u2060" in escaped(text)
    assert escaped("12:30 a/b") == "12\\:30 a\\/b"
