"""The terms of hospital calls by class (departments, drugs, …): the shipped lexicon and files of the user's own.

A file holds classes, each a list of texts; a text may hold several terms with spaces between:

    department:
      - 心内科 心血管内科
      - 名医工作室
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline.config import shipped_files
from pipeline.config.yaml_source import parse
from pipeline.errors import RuleError

Terms = Mapping[str, tuple[str, ...]]

CLASSES = ("department", "drug", "procedure", "disease", "insurance", "booking", "person_title", "place", "service")
SHIPPED = "lexicon/terms.yaml"
MIN_CHARACTERS = 2  # one character sounds like a dozen others


def load_terms(added: Iterable[Path] = ()) -> Terms:
    """The terms of each class, each once, in the order of the files.

    added: files whose terms come on top. Raises RuleError with file and line for an unknown class, a term of one
    character or a file that cannot be read.
    """
    found: dict[str, dict[str, None]] = {name: {} for name in CLASSES}
    for text, name in ((shipped_files.text(SHIPPED), SHIPPED), *((_read(path), str(path)) for path in added)):
        listed = parse(text, name)
        listed.allow(CLASSES)
        for kind in listed.names():
            for line in listed.texts(kind):
                for term in line.split():
                    if len(term) < MIN_CHARACTERS:
                        raise listed.error(f"{term!r} in {kind} is too short; a term has two characters or more", kind)
                    found[kind][term] = None
    return {kind: tuple(terms) for kind, terms in found.items()}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(
            f"lexicon {path} cannot be read: {error}; name a UTF-8 text file in spelling.lexicons"
        ) from error
