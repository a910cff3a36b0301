"""Time that the host of a virtual machine takes away, and which underruns fall into it.

The kernel of a guest counts such time as computing of whoever ran, so the engine, which tells its own underruns from
others by what its thread computed, takes them for its own.
"""

from __future__ import annotations

from pathlib import Path

STAT = Path("/proc/stat")
STEAL = 8
"""Column of the first line of /proc/stat: hundredths of a second, of all processors."""


def stolen() -> int:
    """Hundredths of a second that the host has taken away so far; 0 where the system does not tell."""
    try:
        return int(STAT.read_text().split("\n", 1)[0].split()[STEAL])
    except (OSError, IndexError, ValueError):
        return 0


class Witness:
    """Looks again and again, and counts the underruns between two looks between which the host took time.

    Args:
        underruns: our own so far.
    """

    def __init__(self, underruns: int):
        self._underruns, self._stolen = underruns, stolen()
        self.looks = self.busy_looks = self.during = 0
        """Looks, those since which the host took time, and underruns in these."""

    def look(self, underruns: int) -> None:
        """`underruns` are our own so far."""
        now = stolen()
        self.looks += 1
        if now > self._stolen:
            self.busy_looks += 1
            self.during += underruns - self._underruns
        self._underruns, self._stolen = underruns, now

    def figures(self) -> dict[str, float]:
        """What it comes to; by chance the share of underruns would be that of the looks."""
        return {"underruns_own_while_host_took_time": self.during, "looks_share": self.busy_looks / max(self.looks, 1)}
