"""Whose late blocks were, and what they were counted beside: other work, and time that the host took."""

from __future__ import annotations

import math
import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from engine.playback.late import LateBlock
from engine.playback.messages import Status

STAT = Path("/proc/stat")
STEAL = 8
"""Column of the first line of /proc/stat: hundredths of a second, of all processors."""
NEAR_S = 0.05
MANY = 0.2
"""A block is slowed down as a whole when at least this share of its stages took twice the usual."""


def stolen() -> int:
    """Hundredths of a second that the host has taken away so far; 0 where the system does not tell."""
    try:
        return int(STAT.read_text().split("\n", 1)[0].split()[STEAL])
    except (OSError, IndexError, ValueError):
        return 0


class Surroundings:
    """Looks from its making on."""

    def __init__(self) -> None:
        self._began, self._stolen = time.monotonic(), stolen()

    def figures(self) -> dict[str, float]:
        """The load of the last minutes, and how much of all processors' time the host took, in percent."""
        capacity = 100.0 * (time.monotonic() - self._began) * (os.cpu_count() or 1)
        load = os.getloadavg()[2] if hasattr(os, "getloadavg") else 0.0
        return {
            "load_15_minutes": round(load, 1),
            "host_took_percent": round(100.0 * (stolen() - self._stolen) / max(capacity, 1.0), 2),
        }


def underruns(before: Status, after: Status) -> dict[str, int]:
    """Late blocks and gaps between two looks, by whose they were."""
    return {
        "underruns_own": after.xruns_own - before.xruns_own,
        "underruns_own_waited": after.xruns_waited - before.xruns_waited,
        "underruns_system": after.xruns_system - before.xruns_system,
        "underruns_host": after.xruns_host - before.xruns_host,
        "underruns_driver": after.xruns_driver - before.xruns_driver,
    }


def beside(late: Iterable[LateBlock], control: Iterable[LateBlock]) -> list[LateBlock]:
    """Those of the late blocks that are not counted as ours near which the control was late, too: what made both of
    them late at once is in neither.
    """
    times = [block.ended_s for block in control]
    return [block for block in late if not block.own and any(abs(block.ended_s - at) < NEAR_S for at in times)]


def slowed(late: list[LateBlock], control: list[LateBlock], *, seconds: float) -> dict[str, float]:
    """Late blocks not counted as ours of which many stages were slow, and how many of them the control shares.

    Args:
        seconds: of the whole run.

    Returns:
        Their number, how many have a late block of the control near them, and how many would by chance.
    """
    many = [block for block in late if not block.own and block.slowed >= MANY * block.stages]
    share = min(2.0 * NEAR_S * len(control) / max(seconds, 1e-9), 1.0)
    return {
        "blocks": len(many),
        "beside_control": len(beside(many, control)),
        "by_chance": round(len(many) * share, 3),
    }


def by_stage(late: Iterable[LateBlock], seconds: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Where the longest leaps of late blocks fell that are not counted as ours, for each class of stages that any hit.

    What the machine does hits a class by its share of the time. One that is hit far more often is slow by itself,
    whatever the rule says of each block: look at it.

    Args:
        seconds: that each class took altogether.

    Returns:
        By class the number of leaps, how many its share makes expect, and the chance of at least so many.
    """
    hit = Counter(block.worst[0].group for block in late if not block.own)
    count, total = hit.total(), sum(seconds.values())
    told: dict[str, dict[str, float]] = {}
    for name, found in hit.most_common():
        share = seconds.get(name, 0.0) / max(total, 1e-9)
        fewer = sum(math.comb(count, k) * share**k * (1.0 - share) ** (count - k) for k in range(found))
        told[name] = {"leaps": found, "expected": round(count * share, 2), "chance": round(max(1.0 - fewer, 0.0), 5)}
    return told
