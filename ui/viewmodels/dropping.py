"""What a dropped file is."""

from __future__ import annotations

from pathlib import Path

WINDOW = 1 << 20
MARKS = (b"c2pa", b"C2PA")


def carries_credential(path: str | Path) -> bool:
    """Whether a file seems to hold a C2PA credential: its mark stands in the first or last MiB."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(WINDOW)
            file.seek(0, 2)
            size = file.tell()
            file.seek(max(size - WINDOW, 0))
            tail = file.read(WINDOW)
    except OSError:
        return False
    return any(mark in head or mark in tail for mark in MARKS)
