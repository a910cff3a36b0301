"""Finding a command by a few of its letters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def score(query: str, text: str) -> int | None:
    """How well `query` fits `text`, lower is better; None when its letters do not all occur in order."""
    query, text = query.casefold().strip(), text.casefold()
    if not query:
        return 0
    found = text.find(query)
    if found >= 0:
        return found
    at, gaps = -1, 0
    for letter in query.replace(" ", ""):
        here = text.find(letter, at + 1)
        if here < 0:
            return None
        gaps += here - at - 1
        at = here
    return 100 + gaps


def rank(query: str, items: Iterable[T], text_of: Callable[[T], str]) -> list[T]:
    """The items that fit, best first, else in their own order."""
    scored = [(score(query, text_of(item)), index, item) for index, item in enumerate(items)]
    return [item for value, _, item in sorted((s for s in scored if s[0] is not None), key=lambda s: (s[0], s[1]))]
