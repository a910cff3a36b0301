"""The history as rows, and how far away each of them is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class HistoryRow:
    """A state: its number, the step that led to it, whether it is the present one, whether it was undone."""

    index: int
    label: str
    now: bool
    undone: bool


def history_rows(history: Any) -> list[HistoryRow]:
    """All states of `studio.project.history.History`, from the first."""
    position = history.index
    return [
        HistoryRow(index=index, label=entry.label, now=index == position, undone=index > position)
        for index, entry in enumerate(history.entries)
    ]


def steps_to(history: Any, index: int) -> int:
    """How many steps to redo (positive) or undo (negative) to reach a state."""
    return index - history.index
