"""Identifiers: UUIDv7, which sort by the time of their making."""

from __future__ import annotations

import secrets
import time


def uuid7(*, at_ms: int | None = None) -> str:
    """A UUIDv7 in its canonical text form (RFC 9562, 5.7).

    48 bits of Unix time in milliseconds, then 74 random bits, so that ids made later sort later (to the millisecond)
    and no two machines collide.

    `at_ms` in [0, 2**48) is the time; now by default.
    """
    moment = time.time_ns() // 1_000_000 if at_ms is None else at_ms
    if not 0 <= moment < 1 << 48:
        raise OverflowError("the time of a UUIDv7 has 48 bits")
    value = moment << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
