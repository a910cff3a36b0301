"""Reading a file's credentials: the one door to the C2PA reader, with everything it says turned into plain values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from studio.base.canonical import CanonicalError, canonical_json, parse_strict
from studio.provenance.native import LibraryError, library, on_native_thread
from studio.provenance.trust import TrustAnchors, native_settings

_ABSENT = ("ManifestNotFound", "JumbfNotFound")


@dataclass(frozen=True)
class Store:
    """A file's credentials as the library read them: `state` is its own verdict on the active manifest alone."""

    state: str
    active: str
    manifests: dict[str, Any]
    results: dict[str, Any]
    detail: dict[str, Any]

    @property
    def manifest(self) -> dict[str, Any]:
        """The active manifest."""
        return as_dict(self.manifests.get(self.active))

    def assertion(self, label: str) -> dict[str, Any]:
        """The data of an assertion of the active manifest, or nothing."""
        for each in as_list(self.manifest.get("assertions")):
            if as_dict(each).get("label") == label:
                return as_dict(as_dict(each).get("data"))
        return {}

    @property
    def manifest_digest(self) -> str:
        """The sha256 (hex) of the canonical claim, which names every assertion by its hash, the file's own hash among
        them."""
        claim = as_dict(as_dict(as_dict(self.detail.get("manifests")).get(self.active)).get("claim"))
        try:
            return hashlib.sha256(canonical_json(claim)).hexdigest()
        except CanonicalError:
            return ""


def read_store(path: Path, mime: str, trust: TrustAnchors) -> Store | str:
    """The credentials of a file, or why they cannot be read: an empty text where there are none."""
    return on_native_thread(_read, path, mime, trust)


def _read(path: Path, mime: str, trust: TrustAnchors) -> Store | str:
    try:
        with (
            path.open("rb") as stream,
            library.Context.from_dict(native_settings(trust)) as context,
            library.Reader(mime, stream, context=context) as reader,
        ):
            fields = as_dict(json.loads(reader.json()))
            detail = as_dict(json.loads(reader.detailed_json()))
    except LibraryError as problem:
        text = str(problem) or type(problem).__name__
        return "" if text.startswith(_ABSENT) else text
    except (OSError, ValueError, RecursionError) as problem:
        return str(problem) or type(problem).__name__
    return Store(
        state=str(fields.get("validation_state") or "Invalid"),
        active=str(fields.get("active_manifest") or ""),
        manifests=as_dict(fields.get("manifests")),
        results=as_dict(fields.get("validation_results")),
        detail=detail,
    )


def failures(results: object) -> Iterator[tuple[str, str, str]]:
    """(code, url, explanation) of each failure of the active manifest in a set of validation results."""
    for each in as_list(as_dict(as_dict(results).get("activeManifest")).get("failure")):
        yield _status(each)


def delta_failures(results: object) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """The place of an ingredient, and (code, url, explanation) of each failure that it has come to since it was added.

    The place is ``<manifest label>/c2pa.assertions/<ingredient label>``.
    """
    for each in as_list(as_dict(results).get("ingredientDeltas")):
        delta = as_dict(each)
        place = as_text(delta.get("ingredientAssertionURI")).removeprefix("self#jumbf=/c2pa/")
        for failure in as_list(as_dict(delta.get("validationDeltas")).get("failure")):
            yield place, _status(failure)


def as_dict(value: object) -> dict[str, Any]:
    """`value` if it is an object, else an empty one: what a stranger's manifest holds cannot be relied upon."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """`value` if it is a list, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def as_text(value: object) -> str:
    """`value` if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def _status(each: object) -> tuple[str, str, str]:
    fields = as_dict(each)
    return as_text(fields.get("code")), as_text(fields.get("url")), as_text(fields.get("explanation"))


def parsed(value: object) -> Any:
    """What a JSON text within credentials says, or None."""
    try:
        return parse_strict(as_text(value))
    except CanonicalError:
        return None
