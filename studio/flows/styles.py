"""The styles that come with the program, and those of the user: JSON files in the data folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from engine.errors import StyleError
from engine.inference.styles import Style, StyleInfo, check_style, list_styles, load_style, read_style, shipped_root
from engine.types import PcmRef
from studio.base import atomic
from studio.base.errors import StorageError
from studio.flows.media import TaskContext, span, stop_of
from studio.flows.services import Services

STYLE_PACK = "style-production"
PREVIEW_RATE = 44_100


def user_root(services: Services) -> Path:
    """Where the user's own styles lie."""
    return services.paths.data / "styles"


def known_styles(services: Services) -> list[StyleInfo]:
    """All styles by name: shipped ones and the user's."""
    own = list_styles(user_root(services)) if user_root(services).is_dir() else []
    return sorted([*list_styles(), *own], key=lambda info: info.name.lower())


def folder_of(services: Services, style_id: str) -> Path | None:
    """The folder that holds a style of the user; None for a shipped one, or one that there is not."""
    own = user_root(services) / f"{style_id}.json"
    return own.parent if own.is_file() and not _is_shipped(style_id) else None


def find_style(services: Services, style_id: str) -> Style:
    """A style by its id.

    Raises:
        StyleError: style-unknown, style-invalid.
    """
    folder = folder_of(services, style_id)
    if folder is None and not _is_shipped(style_id):
        ids = ", ".join(info.id for info in known_styles(services))
        raise StyleError(
            f"There is no style called “{style_id}”.", remedy=f"Choose one of: {ids}.", code="style-unknown"
        )
    return load_style(style_id, folder)


def save_style(services: Services, style: Style) -> Path:
    """Keep a style of the user; one with the same id is replaced by a version that counts on.

    Raises:
        StyleError: style-invalid, also where its id is that of a shipped style. StorageError: it cannot be written.
    """
    check_style(style)
    if _is_shipped(style.id):
        raise StyleError(
            f"“{style.id}” is a style that comes with the program.",
            remedy="Give your own style another id: it is the name of its file.",
            code="style-invalid",
        )
    path = user_root(services) / f"{style.id}.json"
    if path.is_file():
        try:
            before = read_style(path).version
        except StyleError:
            before = 0
        style = msgspec.structs.replace(style, version=max(style.version, before + 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_bytes(path, msgspec.json.format(msgspec.json.encode(style), indent=2) + b"\n")
    return path


def add_style(services: Services, path: Path) -> Style:
    """Check a style file and take it over.

    Raises:
        StyleError: style-invalid: not a style, from a newer version, or with a value that makes no sense.
    """
    style = read_style(path)
    save_style(services, style)
    return style


def remove_style(services: Services, style_id: str) -> None:
    """Forget a style of the user; what was made with it stays.

    Raises:
        StyleError: style-unknown for one that is not the user's.
    """
    folder = folder_of(services, style_id)
    if folder is None:
        raise StyleError(
            f"“{style_id}” is no style of yours.",
            remedy="Only styles that you added can be removed.",
            code="style-unknown",
        )
    try:
        (folder / f"{style_id}.json").unlink()
    except OSError as error:
        raise StorageError(
            f"The style “{style_id}” cannot be removed.",
            remedy="Check the rights of the folder.",
            code="path-not-writable",
        ) from error


def preview(services: Services, style_id: str, context: TaskContext) -> PcmRef:
    """A style on a few imagined bars, made once and kept in the cache.

    Raises:
        StyleError: style-unknown, style-invalid. EngineError: it cannot be played.
    """
    style = find_style(services, style_id)
    digest = hashlib.sha256(msgspec.json.encode(style)).hexdigest()[:16]
    path = services.paths.cache / "previews" / f"{style_id}-{digest}.f32"
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file():
        frames = path.stat().st_size // 8
        return PcmRef(path=str(path), rate=PREVIEW_RATE, channels=2, frames=frames)
    own = folder_of(services, style_id)
    made: PcmRef = services.inference.run(
        "engine.inference.style_preview:preview_task",
        {
            "style": style_id,
            "styles_dir": None if own is None else str(own),
            "out_path": str(path),
            "pack_dir": str(services.pack(STYLE_PACK).folder),
            "provider": services.settings.get("inference.provider"),
        },
        progress=span(context, 0.0, 1.0),
        cancelled=stop_of(context),
    )
    return made


def _is_shipped(style_id: str) -> bool:
    return (shipped_root() / f"{style_id}.json").is_file()
