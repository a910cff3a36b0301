"""What a finished flow hands back: a labelled edit that lands as one undoable commit on the project as it is then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from studio.project.model import Project

T = TypeVar("T")


@dataclass(frozen=True)
class Landing(Generic[T]):
    """`apply` is pure and may be called on a project that was edited while the flow ran; it raises ProjectError
    where the edit no longer fits."""

    label: str
    apply: Callable[[Project], Project]
    result: T
