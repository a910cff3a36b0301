"""Signing a finished file in place: WAV, FLAC or MP3, tags first, credentials last."""

from __future__ import annotations

import copy
import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from studio.base.atomic import replacing
from studio.base.errors import ProvenanceError
from studio.provenance.identity import DeviceIdentity
from studio.provenance.manifest import AUDIO_MAP
from studio.provenance.native import LibraryError, library, on_native_thread
from studio.provenance.payload import MIME, AudioMap, Payload, PayloadError, locate, map_audio
from studio.provenance.reading import Store, read_store
from studio.provenance.trust import TrustAnchors, native_settings
from studio.provenance.verify import Problem, problems_of

_log = logging.getLogger(__name__)


class Signed(msgspec.Struct, frozen=True):
    """What was signed: the digest of the claim, as `Verification.manifest_digest` gives it, and the map of the
    sound."""

    manifest_digest: str
    audio: AudioMap


def sign_file(
    path: Path,
    manifest: Mapping[str, Any],
    identity: DeviceIdentity,
    ingredients: Mapping[str, Path] | None = None,
    *,
    trust: TrustAnchors | None = None,
    at_s: float | None = None,
) -> Signed:
    """Sign a WAV, FLAC or MP3 file in place, atomically: afterwards it is signed and checked, or as it was before.

    `manifest` comes from `manifest.build`. `ingredients` maps ids of its ingredients to their files: one that carries
    credentials is checked and added with them; one that carries none stays named by its digest. `trust` (this device's
    own root by default) is for checking the ingredients; `at_s` is the effective time, seconds since 1970.

    Raises:
        ProvenanceError: `no-device-certificate`, `ingredient-invalid`, `format-unsupported`, `signing-failed`.
        StorageError: `disk-full` or `path-not-writable`.
    """
    path = Path(path)
    chain = identity.usable_chain(at_s=time.time() if at_s is None else at_s)
    anchors = TrustAnchors.of([*(trust.pems if trust is not None else ()), *identity.own_anchors().pems])
    before = _located(path)
    audio = map_audio(path, before)
    definition = copy.deepcopy(dict(manifest))
    definition["assertions"] = [
        *definition.get("assertions", ()),
        {"label": AUDIO_MAP, "data": msgspec.to_builtins(audio)},
    ]
    definition["format"] = MIME[before.kind]
    files = _with_credentials(definition, dict(ingredients or {}), anchors)
    with replacing(path) as temporary:
        on_native_thread(_sign, path, temporary, definition, files, identity, chain, anchors)
        store = _checked(temporary, before, audio, anchors)
    return Signed(store.manifest_digest, audio)


def _located(path: Path) -> Payload:
    try:
        return locate(path)
    except FileNotFoundError as problem:
        raise _failed("the rendered file is not there") from problem
    except PayloadError as problem:
        if problem.reason == "not-audio":
            raise ProvenanceError(
                "Only WAV, FLAC and MP3 files can carry credentials.",
                remedy="Export in one of these formats.",
                code="format-unsupported",
            ) from problem
        raise _failed(str(problem)) from problem
    except OSError as problem:
        raise _failed("the rendered file cannot be read") from problem


def _with_credentials(
    definition: dict[str, Any], files: dict[str, Path], anchors: TrustAnchors
) -> list[tuple[dict[str, Any], Path, str]]:
    """Take the ingredients whose files carry credentials out of the definition; they are added as streams, with
    these."""
    found: list[tuple[dict[str, Any], Path, str]] = []
    kept: list[dict[str, Any]] = []
    for ingredient in cast("list[dict[str, Any]]", definition.get("ingredients", [])):
        file = files.pop(str(ingredient.get("label")), None)
        kind = None if file is None else _checked_ingredient(ingredient, file, anchors)
        if file is None or kind is None:
            kept.append(ingredient)
        else:
            found.append((ingredient, file, kind))
    if files:
        raise _failed(f"there is no ingredient {sorted(files)[0]}")
    definition["ingredients"] = kept
    return found


def _checked_ingredient(ingredient: dict[str, Any], file: Path, anchors: TrustAnchors) -> str | None:
    title = str(ingredient.get("title", "a source"))
    try:
        payload = locate(file)
    except PayloadError as problem:
        if problem.reason == "not-audio":
            return None
        raise _bad_ingredient(title, str(problem)) from problem
    except OSError as problem:
        raise _bad_ingredient(title, "its file cannot be read") from problem
    store = read_store(file, MIME[payload.kind], anchors)
    if isinstance(store, str):
        if store == "":
            return None
        raise _bad_ingredient(title, "its credentials are damaged")
    problems: list[Problem] = problems_of(store)
    if problems:
        raise _bad_ingredient(title, problems[0].text.rstrip("."))
    return MIME[payload.kind]


def _sign(
    path: Path,
    temporary: Path,
    definition: dict[str, Any],
    files: list[tuple[dict[str, Any], Path, str]],
    identity: DeviceIdentity,
    chain: bytes,
    anchors: TrustAnchors,
) -> None:
    try:
        with (
            library.Context.from_dict(native_settings(anchors)) as context,
            library.Builder(definition, context=context) as builder,
            library.Signer.from_callback(identity.sign, library.C2paSigningAlg.ES256, chain.decode("ascii")) as signer,
        ):
            for ingredient, file, mime in files:
                fields = {name: value for name, value in ingredient.items() if name != "format"}
                with file.open("rb") as stream:
                    builder.add_ingredient(json.dumps(fields), mime, stream)
            with path.open("rb") as source, temporary.open("w+b") as target:
                builder.sign(signer, definition["format"], source, target)
    except LibraryError as problem:
        _log.warning("signing failed: %s", problem)
        raise _failed("the C2PA library refused it", str(problem)) from problem


def _checked(path: Path, before: Payload, audio: AudioMap, anchors: TrustAnchors) -> Store:
    after = _located(path)
    if map_audio(path, after).sha256 != audio.sha256:
        raise _failed("the sound was not kept as it was")
    store = read_store(path, MIME[before.kind], anchors)
    if isinstance(store, str):
        raise _failed("the credentials cannot be read back", store)
    problems = problems_of(store)
    if problems:
        raise _failed(problems[0].text.rstrip("."), problems[0].detail)
    return store


def _bad_ingredient(title: str, why: str) -> ProvenanceError:
    return ProvenanceError(
        f"“{title}” cannot be used as a source: {why}.",
        remedy="Download it again, or remove it. Nothing was signed.",
        code="ingredient-invalid",
        details={"title": title, "why": why},
    )


def _failed(why: str, detail: str = "") -> ProvenanceError:
    return ProvenanceError(
        f"The export could not be signed: {why}.",
        remedy="Export again; if it stays, run “contrafact doctor”. The file is as it was before.",
        code="signing-failed",
        details={"why": why, "detail": detail},
    )
