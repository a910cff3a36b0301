"""A recording on a rightsholder's disk: the mix, a folder of stems, `meta.json` and `terms.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from studio.base.canonical import CanonicalError, parse_strict
from studio.platform.messages import STEM_ROLES, RecordingMeta
from studio.platform.refusal import invalid

AUDIO_SUFFIXES = (".flac", ".wav", ".ogg", ".opus", ".mp3", ".aiff", ".aif")
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


class SongFiles(Struct, frozen=True, kw_only=True):
    """What is to be published, read and checked as far as that goes without the service."""

    mix: Path
    stems: dict[str, Path]
    artwork: Path | None
    meta: RecordingMeta
    terms: dict[str, Any]


def read_song(
    mix: Path, *, meta: Path, terms: Path, stems: Path | None = None, artwork: Path | None = None
) -> SongFiles:
    """Read a recording's files.

    Raises:
        Refusal: file-missing, json-invalid, credits-invalid.
    """
    if not mix.is_file():
        raise invalid(f"There is no file “{mix.name}”.", remedy="Name the audio file of the mix.", code="file-missing")
    return SongFiles(
        mix=mix,
        stems={} if stems is None else find_stems(stems),
        artwork=artwork,
        meta=read_meta(meta),
        terms=read_json(terms),
    )


def read_song_folder(folder: Path) -> SongFiles:
    """Read a folder that holds ``mix.*``, the stems by their names, ``meta.json``, ``terms.json`` and maybe
    ``artwork.*``.

    Raises:
        Refusal: file-missing, json-invalid, credits-invalid.
    """
    mix = _named(folder, "mix", AUDIO_SUFFIXES)
    if mix is None:
        raise invalid(f"“{folder.name}” holds no mix.", remedy="Put the mix there as mix.flac.", code="file-missing")
    return read_song(
        mix,
        meta=folder / "meta.json",
        terms=folder / "terms.json",
        stems=folder,
        artwork=_named(folder, "artwork", IMAGE_SUFFIXES),
    )


def find_stems(folder: Path) -> dict[str, Path]:
    """The stems of a folder by role.

    Raises:
        Refusal: file-missing, when there is no such folder.
    """
    if not folder.is_dir():
        raise invalid(
            f"There is no folder “{folder.name}”.", remedy="Name the folder of the stems.", code="file-missing"
        )
    found = {role: _named(folder, role, AUDIO_SUFFIXES) for role in STEM_ROLES}
    return {role: path for role, path in found.items() if path is not None}


def read_meta(path: Path) -> RecordingMeta:
    """`meta.json`.

    Raises:
        Refusal: file-missing, json-invalid, credits-invalid.
    """
    fields = read_json(path)
    try:
        return msgspec.convert(fields, RecordingMeta)
    except msgspec.ValidationError as error:
        raise invalid(
            f"“{path.name}” does not describe a recording: {error}.",
            remedy="Correct the named field.",
            code="credits-invalid",
        ) from error


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object without ambiguity: a key that comes twice or a NaN is refused.

    Raises:
        Refusal: file-missing, json-invalid.
    """
    try:
        value = parse_strict(path.read_bytes())
    except FileNotFoundError as error:
        raise invalid(f"There is no file “{path.name}”.", remedy="Name a JSON file.", code="file-missing") from error
    except (OSError, CanonicalError, json.JSONDecodeError) as error:
        raise invalid(
            f"“{path.name}” cannot be read as JSON: {error}.", remedy="Correct the file.", code="json-invalid"
        ) from error
    if not isinstance(value, dict):
        raise invalid(f"“{path.name}” holds no JSON object.", remedy="Correct the file.", code="json-invalid")
    return dict(value)  # pyright: ignore[reportUnknownArgumentType]


def _named(folder: Path, stem: str, suffixes: tuple[str, ...]) -> Path | None:
    for suffix in suffixes:
        path = folder / f"{stem}{suffix}"
        if path.is_file():
            return path
    return None
