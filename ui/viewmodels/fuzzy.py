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
    """The items that fit, best first: where two fit alike the shorter text, else their own order."""
    wanted = bool(query.strip())
    found: list[tuple[int, int, int, T]] = []
    for index, item in enumerate(items):
        text = text_of(item)
        value = score(query, text)
        if value is not None:
            found.append((value, len(text) if wanted else 0, index, item))
    return [item for *_, item in sorted(found, key=lambda each: each[:3])]
