"""Models that a person brings: add, list with their origin, remove. Where a model comes from is shown with it and
written into what it makes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from engine.errors import PackError
from engine.inference import adding
from engine.inference.adding import Papers
from engine.inference.packs import PACK_FILE, SIGNATURE_FILE, Pack, broken_packs, list_packs, load_pack, pack_folders
from engine.inference.recognise import Guess
from studio.base.errors import StudioError
from studio.base.ids import uuid7
from studio.base.signatures import SignatureError, open_document
from studio.flows.media import TaskContext, span, stop_of
from studio.flows.services import Services

Origin = Literal["shipped", "platform", "user-brought"]

SIGNED_SCHEMA = "model-pack/1"
"""The ``schema`` of a platform's signature over a pack: its fields are ``pack``, ``version`` and ``digest``."""


class KnownPack(msgspec.Struct, frozen=True, kw_only=True):
    """A pack on this computer and where it comes from."""

    id: str
    version: str
    kind: str
    title: str
    family: str
    stems: tuple[str, ...]
    digest: str
    origin: Origin
    licence: str
    holder: str
    redistribute: bool
    commercial: bool
    training_statement: str
    folder: str


def own_root(services: Services) -> Path:
    """The folder for models that were added here; the last of the roots."""
    return services.pack_roots[-1]


def describe(services: Services, pack: Pack) -> KnownPack:
    """A pack with its origin."""
    return KnownPack(
        id=pack.id,
        version=pack.version,
        kind=pack.kind,
        title=pack.title,
        family=pack.family if pack.kind == "separation" else "",
        stems=pack.stems,
        digest=pack.digest,
        origin=origin_of(services, pack),
        licence=pack.rights.weights,
        holder=pack.rights.holder,
        redistribute=pack.rights.redistribute,
        commercial=pack.rights.commercial,
        training_statement=pack.rights.training_statement,
        folder=pack.folder,
    )


def known(services: Services) -> list[KnownPack]:
    """All sound packs, the shipped ones first."""
    return [describe(services, pack) for pack in list_packs(services.pack_roots)]


class DamagedPack(msgspec.Struct, frozen=True, kw_only=True):
    """A folder whose model is not used, since its files are not as its ``pack.json`` says."""

    id: str
    """Name of its folder."""
    folder: str
    message: str
    remedy: str


def damaged(services: Services) -> list[DamagedPack]:
    """Packs that are not used, with the reason; a newer copy of the program mends a shipped one."""
    broken = broken_packs(services.pack_roots)
    return [
        DamagedPack(
            id=folder.name,
            folder=str(folder),
            message=error.message,
            remedy=error.remedy
            if folder.parent == own_root(services)
            else "Install Contrafact again; its own models come with it.",
        )
        for folder, error in broken
    ]


def folders(services: Services, pack: str | None) -> dict[str, Path]:
    """Folders of all packs by id, sound or not, or of the one with the id `pack`.

    Raises:
        PackError: model-unknown.
    """
    found = {known.id: Path(known.folder) for known in list_packs(services.pack_roots)}
    found |= {each.id: Path(each.folder) for each in damaged(services) if each.id not in found}
    if pack is None:
        return found
    return {pack: found[pack] if pack in found else Path(services.pack(pack).folder)}


def origin_of(services: Services, pack: Pack) -> Origin:
    """Shipped with the program, signed by the platform, or brought by the person. A signature that does not fit counts
    as none: nothing is trusted for it."""
    folder = Path(pack.folder)
    if folder.parent != own_root(services):
        return "shipped"
    if not pack.signed:
        return "user-brought"
    try:
        fields = open_document((folder / SIGNATURE_FILE).read_bytes(), trusted_keys=services.client().trusted_keys())
    except (OSError, SignatureError, StudioError):
        return "user-brought"
    wanted = {"schema": SIGNED_SCHEMA, "pack": pack.id, "version": pack.version, "digest": pack.digest}
    return "platform" if all(fields.get(key) == value for key, value in wanted.items()) else "user-brought"


def statement_of(services: Services, pack: Pack) -> str:
    """What a manifest says about the model: its training statement, and for one that was brought, its papers."""
    statement = pack.rights.training_statement
    if origin_of(services, pack) != "user-brought":
        return statement
    return (
        f"Brought by the person who made this. Weights: {pack.rights.weights}; holder: {pack.rights.holder}; "
        f"commercial use {'allowed' if pack.rights.commercial else 'not stated as allowed'}. {statement}"
    )[:4000]


def is_pack(path: Path) -> bool:
    """Whether a path is a pack (a folder with ``pack.json``, or a zip) and not a bare graph."""
    return (path / PACK_FILE).is_file() or path.suffix.lower() == ".zip"


def inspect(services: Services, paths: list[Path], context: TaskContext) -> Guess:
    """What kind of model the files are.

    Raises:
        PackError: model-not-onnx, model-unrecognised, pack-refused.
    """
    for path in paths:
        if not path.exists():
            raise PackError(
                f"There is no file “{path.name}”.", remedy="Check the name and the folder.", code="model-missing"
            )
    return services.inference.run(
        "engine.inference.adding:inspect_task",
        {"paths": [str(path.absolute()) for path in paths]},
        cancelled=stop_of(context),
    )


def add_pack(services: Services, path: Path, context: TaskContext, *, replace: bool = False) -> KnownPack:
    """Add a pack as it is.

    Raises:
        PackError: pack-refused, pack-invalid, pack-digest, model-exists.
    """
    root = own_root(services)
    root.mkdir(parents=True, exist_ok=True)
    part = root / f".adding-{uuid7()}"
    services.inference.run(
        "engine.inference.adding:unpack_task",
        {"path": str(path.absolute()), "out_dir": str(part)},
        progress=span(context, 0.0, 0.9),
        cancelled=stop_of(context),
    )
    return _settle(services, part, replace=replace)


def add_graph(
    services: Services,
    paths: list[Path],
    guess: Guess,
    papers: Papers,
    context: TaskContext,
    *,
    title: str | None = None,
    id: str | None = None,
    replace: bool = False,
) -> KnownPack:
    """Make a pack around bare ONNX files and add it.

    Raises:
        PackError: pack-refused, pack-invalid, model-unsuitable, model-exists.
        InferenceError: the graph does not run here.
    """
    root = own_root(services)
    root.mkdir(parents=True, exist_ok=True)
    name = title or paths[0].stem
    part = root / f".adding-{uuid7()}"
    services.inference.run(
        "engine.inference.adding:make_task",
        {
            "paths": [str(path.absolute()) for path in paths],
            "out_dir": str(part),
            "id": id or adding.slug(name),
            "title": name[:400],
            "guess": guess,
            "papers": papers,
        },
        progress=span(context, 0.0, 0.95),
        cancelled=stop_of(context),
    )
    return _settle(services, part, replace=replace)


def _settle(services: Services, part: Path, *, replace: bool) -> KnownPack:
    """Give a checked pack its place."""
    try:
        pack = load_pack(part)
        target = own_root(services) / pack.id
        shipped = {known.id for known in list_packs(services.pack_roots[:-1])}
        # A broken one keeps its name: it will be mended, not replaced by what takes it.
        shipped |= {folder.name for folder in pack_folders(services.pack_roots[:-1])}
        if pack.id in shipped or (target.exists() and not replace):
            raise PackError(
                f"There is a model “{pack.id}” already.",
                remedy="Give it another id with --id."
                if pack.id in shipped
                else "Remove the other one first, add --replace, or give it another id with --id.",
                code="model-exists",
            )
        if target.exists():
            adding.remove(target)
        part.replace(target)
    except BaseException:
        if part.exists():
            adding.remove(part)
        raise
    return describe(services, load_pack(target))


def remove(services: Services, pack_id: str) -> None:
    """Remove a model that was added here.

    Raises:
        PackError: model-unknown; model-shipped for one that belongs to the program.
    """
    target = own_root(services) / pack_id
    if "/" in pack_id or "\\" in pack_id or not (target / PACK_FILE).is_file():
        pack = services.pack(pack_id)
        raise PackError(
            f"“{pack.title}” belongs to the program and cannot be removed.",
            remedy="Choose another model in the settings; it will not be used then.",
            code="model-shipped",
        )
    adding.remove(target)
