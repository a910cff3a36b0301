"""Text as it is searched."""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """`text` without case, width and accents, so that none of them matters in a search."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
