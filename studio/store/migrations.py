"""Older projects, one schema at a time, to the present one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from studio.project.model import SCHEMA

Plain = dict[str, Any]
Migration = Callable[[Plain], Plain]


def _to_2(project: Plain) -> Plain:
    """Buses, sends, automation, warp, plug-ins and freezes: what schema 1 did not know has its default."""
    return project


def _to_3(project: Plain) -> Plain:
    """Folders and colours of tracks: a track of schema 2 lies in none and has the colour of its role."""
    return project


MIGRATIONS: Mapping[int, Migration] = MappingProxyType({1: _to_2, 2: _to_3})
"""From schema n to n + 1. Each works on plain JSON values, because the types of its time are gone."""


def migrated(schema: int, project: Plain, *, steps: Mapping[int, Migration] = MIGRATIONS, to: int = SCHEMA) -> Plain:
    """The plain project of `schema` in the shape of schema `to`."""
    for number in range(schema, to):
        project = {**steps[number](project), "schema": number + 1}
    return project
