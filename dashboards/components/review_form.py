"""placeholder while drawing the first pages"""

from typing import Any


def review_form(context: Any, view: Any, decisions: Any) -> None:
    return None
