"""Makes text from recordings, names and comments harmless where a widget would read it as markdown."""

import re

# Embedding, override and isolate marks reorder what stands beside them; the others are invisible control characters.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
_SPACE = re.compile(r"\s+")


def plain(text: str | None, limit: int = 200) -> str:
    """One line without control and direction marks, at most `limit` characters."""
    line = _SPACE.sub(" ", _CONTROLS.sub("", text or "")).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def escaped(text: str | None, limit: int = 200) -> str:
    """`plain` for markdown: every ASCII punctuation mark is escaped, so no link, image, HTML or directive is left.

    Bare addresses become links even so, therefore they are broken by a word joiner (no width).
    """
    return _PUNCTUATION.sub(r"\\\1", _ADDRESS.sub("\u2060", plain(text, limit)))


def clock(seconds: float | None) -> str:
    """Seconds from the start as m:ss or h:mm:ss; an em dash for None."""
    if seconds is None:
        return "—"
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"
