"""The mark in the sound: a 64-bit id that leads a stripped copy back to its export. A recovery aid, never
enforcement."""

from __future__ import annotations

KEY = b"contrafact mark 1"
"""Published on purpose: anybody may look for the mark. Who knows it can also disturb it, and so can who does not."""


def mark_of(export_id: str) -> int:
    """The id that an export carries in its sound: the random half of its UUIDv7."""
    return int(export_id.replace("-", "")[-16:], 16)


def mark_text(mark: int) -> str:
    """The id as 16 hexadecimal digits, as the platform files it."""
    return f"{mark:016x}"
