"""Projects as bytes: the schema number first, the same bytes for the same project, and nothing unsound let in."""

from __future__ import annotations

import hashlib
from typing import Any, cast

import msgspec

from studio.base.errors import ProjectError
from studio.project.check import check
from studio.project.model import SCHEMA, Project
from studio.store.migrations import migrated

KIND = "contrafact-project"
MAX_BYTES = 256 * 1024 * 1024
"""More than any project needs, and less than what would fill the memory."""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of ``project.json``."""

    schema: int = SCHEMA
    kind: str = KIND
    saved_at: str = ""
    project: Project


def encode_document(project: Project, *, saved_at: str) -> bytes:
    """The bytes of ``project.json``: fields in the order of the schema, keys of maps sorted.

    Raises:
        ProjectError: project-corrupt when the project is unsound; such a one is never written.
    """
    check(project)
    return msgspec.json.format(_encode(Document(saved_at=saved_at, project=normal(project))), indent=1) + b"\n"


def decode_document(raw: bytes) -> Document:
    """Read the bytes of ``project.json``, of this schema or an older one.

    Raises:
        ProjectError: project-newer for a schema of a later version, project-corrupt for anything that is not a sound
        project.
    """
    if len(raw) > MAX_BYTES:
        raise corrupt("it is far too large")
    try:
        found: Any = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as problem:
        raise corrupt("its text is broken") from problem
    if not isinstance(found, dict):
        raise corrupt("it is something else")
    document = cast("dict[str, Any]", found)
    if document.get("kind") != KIND:
        raise corrupt("it is something else")
    saved_at = document.get("saved_at")
    project = project_of(document.get("schema"), document.get("project"))
    return Document(saved_at=saved_at if isinstance(saved_at, str) else "", project=project)


def project_of(schema: object, value: object) -> Project:
    """A project from plain JSON values of a known schema, checked.

    Raises:
        ProjectError: project-newer or project-corrupt.
    """
    if isinstance(schema, bool) or not isinstance(schema, int) or schema < 1:
        raise corrupt("it does not say which version made it")
    if schema > SCHEMA:
        raise ProjectError(
            "This project was made by a newer version of the studio.",
            remedy="Update the studio, then open it again. Nothing was changed.",
            code="project-newer",
            details={"schema": schema, "known": SCHEMA},
        )
    if not isinstance(value, dict):
        raise corrupt("it holds no project")
    try:
        project = msgspec.convert(migrated(schema, cast("dict[str, Any]", value)), Project)
    except (msgspec.ValidationError, RecursionError) as problem:
        raise corrupt(str(problem)) from problem
    check(project)
    return project


def normal(project: Project) -> Project:
    """The project as it comes back from disk: the same values, with every number of the type that its field has.

    Raises:
        ProjectError: project-corrupt when a value has no place in a file (not a number).
    """
    try:
        return msgspec.json.decode(_encode(project), type=Project)
    except msgspec.ValidationError as problem:
        raise corrupt(str(problem)) from problem


def image(project: Project) -> tuple[dict[str, Any], str]:
    """The project as plain JSON values, and its digest.

    Raises:
        ProjectError: as `normal`.
    """
    raw = _encode(normal(project))
    return msgspec.json.decode(raw), hashlib.sha256(raw).hexdigest()


def digest(project: Project) -> str:
    """sha256 (hex) of the project's bytes: the same for the same project, before and after it was on disk.

    Raises:
        ProjectError: as `normal`.
    """
    return hashlib.sha256(_encode(normal(project))).hexdigest()


def plain_digest(plain: Any) -> str:
    """The digest that `digest` gave for this plain project in the schema of its time.

    Plain values keep the order of their fields; only maps, which are written in the order of their keys, may have been
    changed since.
    """
    return hashlib.sha256(msgspec.json.encode(_in_order(plain))).hexdigest()


def document_digest(raw: bytes) -> str:
    """`plain_digest` of the project in the bytes of a ``project.json``; "" where they hold none."""
    try:
        return plain_digest(msgspec.json.decode(raw)["project"])
    except (msgspec.DecodeError, KeyError, TypeError, RecursionError):
        return ""


def corrupt(why: str) -> ProjectError:
    """The error for a project that cannot be read."""
    return ProjectError(
        f"This project cannot be read: {why}.",
        remedy="Open one of its backups, or recover it.",
        code="project-corrupt",
        details={"problem": why},
    )


_MAPS = frozenset({"sources", "grants", "parameters"})


def _in_order(value: Any, *, keys: bool = False, deep: bool = False) -> Any:
    """`value` with the keys of its maps sorted: of itself where `keys`, of all that it holds where `deep`."""
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {
            key: _in_order(each, keys=deep or key in _MAPS, deep=deep or key == "parameters")
            for key, each in (sorted(items) if keys else items)
        }
    if isinstance(value, list):
        return [_in_order(each, keys=deep, deep=deep) for each in cast("list[Any]", value)]
    return value


def _encode(value: object) -> bytes:
    return msgspec.json.encode(value, order="deterministic")
