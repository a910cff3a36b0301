"""Model packs: a folder with ``pack.json``, a graph, a card and a self-test, loaded only when every byte is as it says.

Importable without onnxruntime; only `verify_pack` runs a graph.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from engine.errors import EngineError, PackError
from engine.inference.onnx_graph import GraphFacts, read_graph
from engine.inference.pack_format import (
    AudioFormat,
    Chunk,
    Manifest,
    Match,
    Member,
    Metric,
    Post,
    Rights,
    Runtime,
    SelfTest,
    State,
    Stft,
    Tensor,
)
from engine.types import Cancelled as CancelledPoll
from engine.types import Progress

PACK_FILE = "pack.json"
SIGNATURE_FILE = "pack.sig.json"
"""The platform's signature over ``pack.json``, where there is one; checked by the studio, which knows its keys."""
MAX_PACK_JSON_BYTES = 1024 * 1024
MAX_SELFTEST_ELEMENTS = 2**26
WITHOUT_TRANSFORM = ("htdemucs",)
"""Families that work on the waveform alone."""


class Pack(msgspec.Struct, frozen=True, kw_only=True):
    """A pack whose format, members and graph have been checked."""

    id: str
    version: str
    kind: str
    title: str
    description: str
    folder: str
    graph: str
    """Path of the ONNX file."""
    digest: str
    """sha256 (hex) over the digests of all files, ``pack.json`` included."""
    members: tuple[Member, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    family: str
    stems: tuple[str, ...]
    stem_graphs: dict[str, str]
    """Paths of the graphs by stem, where each stem has its own."""
    state: tuple[State, ...]
    match: Match | None
    signed: bool
    """Whether a signature lies beside ``pack.json``; whose it is and whether it is good is not said."""
    audio: AudioFormat | None
    stft: Stft | None
    chunk: Chunk | None
    post: Post | None
    runtime: Runtime
    rights: Rights
    selftest: SelfTest | None
    metrics: tuple[Metric, ...]
    settings: dict[str, Any]
    """The block of the pack's own kind (``production``, ``arrangement``, ``timbre``); empty for separation."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a verification."""

    name: str
    passed: bool
    detail: str


def _invalid(message: str) -> PackError:
    return PackError(message, remedy="Install the pack again, or ask its maker for a sound one.", code="pack-invalid")


def _refused(message: str) -> PackError:
    return PackError(message, remedy="Use a pack from a source you trust.", code="pack-refused")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key appears twice")
    return found


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _read_manifest(folder: Path) -> tuple[Manifest, bytes]:
    path = folder / PACK_FILE
    try:
        if path.is_symlink() or not path.is_file():
            raise _invalid(f"{folder.name} is no model pack: it has no {PACK_FILE}.")
        if path.stat().st_size > MAX_PACK_JSON_BYTES:
            raise _refused(f"The {PACK_FILE} of {folder.name} is larger than 1 MB.")
        raw = path.read_bytes()
    except OSError as error:
        raise _invalid(f"The model pack {folder.name} cannot be read.") from error
    try:
        value = json.loads(raw, object_pairs_hook=_unique, parse_constant=_no_constant)
        return msgspec.convert(value, Manifest, strict=True), raw
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise _invalid(f"The {PACK_FILE} of {folder.name} is not as the format asks: {error}.") from error


def _member_path(folder: Path, name: str) -> Path:
    pure = PurePosixPath(name)
    parts = name.split("/")
    if pure.is_absolute() or "\\" in name or ":" in name or "\0" in name or any(p in ("", ".", "..") for p in parts):
        raise _refused(f"The pack {folder.name} names a file outside of itself ({name!r}).")
    path = folder.joinpath(*parts)
    for step in (path, *path.parents):
        if step == folder:
            break
        if step.is_symlink():
            raise _refused(f"The pack {folder.name} holds a link ({name!r}).")
    return path


def file_sha256(path: Path) -> str:
    """sha256 (hex) of a file, read in pieces."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _check_members(folder: Path, manifest: Manifest) -> None:
    names = [member.path for member in manifest.members]
    if len({name.casefold() for name in names}) != len(names) or {PACK_FILE, SIGNATURE_FILE} & set(names):
        raise _invalid(f"The pack {folder.name} lists a file twice.")
    for member in manifest.members:
        path = _member_path(folder, member.path)
        if not path.is_file():
            raise _invalid(f"The pack {folder.name} lacks its file {member.path}.")
        if path.stat().st_size != member.bytes or file_sha256(path) != member.sha256:
            raise PackError(
                f"The file {member.path} of the pack {folder.name} is not the one that its maker signed off.",
                remedy="Install the pack again.",
                code="pack-digest",
            )
    listed = {*names, PACK_FILE, SIGNATURE_FILE}
    for root, folders, files in os.walk(folder):
        base = Path(root)
        for name in [*files, *(f for f in folders if (base / f).is_symlink())]:
            found = (base / name).relative_to(folder).as_posix()
            if found not in listed:
                raise _refused(f"The pack {folder.name} holds a file that it does not list ({found}).")


def _check_graph(folder: Path, manifest: Manifest) -> GraphFacts:
    roles = {member.path: member.role for member in manifest.members}
    paths = {manifest.graph, *manifest.stem_graphs.values()}
    if any(roles.get(path) != "graph" for path in paths):
        raise _invalid(f"The pack {folder.name} does not list its graph.")
    first: GraphFacts | None = None
    for path in sorted(paths, key=lambda each: each != manifest.graph):
        facts = read_graph(folder.joinpath(*path.split("/")))
        for location in facts.external:
            if roles.get(location) != "weights":
                raise _refused(f"The pack {folder.name} keeps weights in a file that it does not list ({location!r}).")
        _check_ports(folder, manifest, facts, named=first is None)
        first = first or facts
    if first is None:
        raise _invalid(f"The pack {folder.name} has no graph.")
    return first


def _check_ports(folder: Path, manifest: Manifest, facts: GraphFacts, *, named: bool) -> None:
    """The graph has the ports that the pack says; graphs of single stems may name them as they like."""
    for declared, real, what in (
        (manifest.inputs, facts.inputs, "inputs"),
        (manifest.outputs, facts.outputs, "outputs"),
    ):
        if len(declared) != len(real) or (named and [t.name for t in declared] != [p.name for p in real]):
            raise _invalid(f"The graph of {folder.name} has other {what} than its {PACK_FILE} says.")
        for tensor, port in zip(declared, real, strict=True):
            fits = len(tensor.shape) == len(port.shape) and all(
                a == b or b is None for a, b in zip(tensor.shape, port.shape, strict=True)
            )
            if not fits:
                raise _invalid(f"{tensor.name} of {folder.name} has another shape than its {PACK_FILE} says.")


def _check_kind(folder: Path, manifest: Manifest) -> dict[str, Any]:
    blocks = {"production": manifest.production, "arrangement": manifest.arrangement, "timbre": manifest.timbre}
    if any(block is not None for kind, block in blocks.items() if kind != manifest.kind):
        raise _invalid(f"The pack {folder.name} has settings of another kind than its own.")
    if manifest.kind == "separation":
        _check_separation(folder, manifest)
        return {}
    if manifest.stem_graphs or manifest.state:
        raise _invalid(f"The pack {folder.name} has settings of another kind than its own.")
    block = blocks[manifest.kind]
    if block is None:
        raise _invalid(f"The {manifest.kind} pack {folder.name} lacks its {manifest.kind} settings.")
    return block


def _check_separation(folder: Path, manifest: Manifest) -> None:
    chunk, stft = manifest.chunk, manifest.stft
    if manifest.audio is None or chunk is None or manifest.post is None or not manifest.stems:
        raise _invalid(f"The separation pack {folder.name} must give audio, chunk, post and stems.")
    if len(set(manifest.stems)) != len(manifest.stems):
        raise _invalid(f"The pack {folder.name} names a stem twice.")
    if stft is None and manifest.family not in WITHOUT_TRANSFORM:
        raise _invalid(f"The separation pack {folder.name} must give its stft.")
    if stft is not None and (stft.n_fft % 2 or stft.hop * 2 > stft.n_fft or (stft.bins or 1) * 2 > stft.n_fft + 2):
        raise _invalid(f"The transform of {folder.name} cannot be undone.")
    if chunk.hops is not None and chunk.overlap_hops * 2 > chunk.hops:
        raise _invalid(f"The passages of {folder.name} overlap by more than half.")
    if manifest.family in ("spectral-stems", "spectral-masks") and chunk.hops is None:
        raise _invalid(f"The pack {folder.name} must give its passages in hops.")
    if manifest.family == "spectral-masks" and manifest.post.mask is None:
        raise _invalid(f"The pack {folder.name} must say how its masks are made.")
    if manifest.stem_graphs and set(manifest.stem_graphs) != set(manifest.stems):
        raise _invalid(f"The pack {folder.name} must give a graph for each of its stems.")
    shapes = {tensor.name: tensor.shape for tensor in (*manifest.inputs, *manifest.outputs)}
    for pair in manifest.state:
        fixed = shapes.get(pair.input)
        if fixed is None or None in fixed or shapes.get(pair.output) != fixed:
            raise _invalid(f"The memory of {folder.name} does not fit its graph.")


def _check_selftest(folder: Path, manifest: Manifest) -> None:
    if manifest.selftest is None:
        return
    sizes = {member.path: member.bytes for member in manifest.members if member.role == "selftest"}
    for tensor in (*manifest.selftest.inputs, *manifest.selftest.outputs):
        elements = 1
        for size in tensor.shape:
            elements *= size
        if elements > MAX_SELFTEST_ELEMENTS or sizes.get(tensor.member) != 4 * elements:
            raise _invalid(f"The self-test of {folder.name} has a file of another size than it says.")


def load_pack(folder: Path) -> Pack:
    """Read and check the pack in `folder`: closed format, every digest, nothing unlisted, a graph that may be run.

    Raises:
        PackError: ``pack-invalid`` for a broken format or missing file, ``pack-digest`` for a changed file,
            ``pack-refused`` for what no pack may hold (paths outside, links, unlisted files, foreign operators, absurd
            sizes).
    """
    folder = Path(folder)
    manifest, raw = _read_manifest(folder)
    _check_members(folder, manifest)
    settings = _check_kind(folder, manifest)
    facts = _check_graph(folder, manifest)
    if facts.opset != manifest.runtime.opset:
        raise _invalid(f"The graph of {folder.name} is of opset {facts.opset}, not {manifest.runtime.opset}.")
    _check_selftest(folder, manifest)
    lines = sorted(f"{member.sha256}  {member.path}" for member in manifest.members)
    lines.append(f"{hashlib.sha256(raw).hexdigest()}  {PACK_FILE}")
    return Pack(
        id=manifest.id,
        version=manifest.version,
        kind=manifest.kind,
        title=manifest.title,
        description=manifest.description,
        folder=str(folder),
        graph=str(folder.joinpath(*manifest.graph.split("/"))),
        digest=hashlib.sha256("\n".join(lines).encode()).hexdigest(),
        members=manifest.members,
        inputs=manifest.inputs,
        outputs=manifest.outputs,
        family=manifest.family,
        stems=manifest.stems,
        stem_graphs={stem: str(folder.joinpath(*path.split("/"))) for stem, path in manifest.stem_graphs.items()},
        state=manifest.state,
        match=manifest.match,
        signed=(folder / SIGNATURE_FILE).is_file(),
        audio=manifest.audio,
        stft=manifest.stft,
        chunk=manifest.chunk,
        post=manifest.post,
        runtime=manifest.runtime,
        rights=manifest.rights,
        selftest=manifest.selftest,
        metrics=manifest.metrics,
        settings=settings,
    )


def pack_folders(roots: Sequence[Path]) -> list[Path]:
    """Folders below `roots` (one level) that have a ``pack.json``, in name order, the first root first."""
    found: list[Path] = []
    for root in roots:
        if Path(root).is_dir():
            found += sorted(path for path in Path(root).iterdir() if (path / PACK_FILE).is_file())
    return found


def list_packs(roots: Sequence[Path]) -> list[Pack]:
    """The sound packs below `roots`; broken ones are left out (`broken_packs` has them). The first of an id wins."""
    packs: dict[str, Pack] = {}
    for folder in pack_folders(roots):
        try:
            pack = load_pack(folder)
        except PackError:
            continue
        packs.setdefault(pack.id, pack)
    return list(packs.values())


def broken_packs(roots: Sequence[Path]) -> list[tuple[Path, PackError]]:
    """The folders below `roots` whose pack is not as its ``pack.json`` says, each with what is wrong."""
    broken: list[tuple[Path, PackError]] = []
    for folder in pack_folders(roots):
        try:
            load_pack(folder)
        except PackError as error:
            broken.append((folder, error))
    return broken


def find_pack(id: str, roots: Sequence[Path]) -> Pack:
    """The pack with this id.

    Raises:
        PackError: ``model-unknown``, naming the known ids; or what `load_pack` raises where that folder is broken.
    """
    for pack in list_packs(roots):
        if pack.id == id:
            return pack
    for folder in pack_folders(roots):
        if folder.name == id:
            return load_pack(folder)
    known = ", ".join(sorted(pack.id for pack in list_packs(roots))) or "none"
    raise PackError(
        f"There is no model called {id!r}.",
        remedy=f"Choose one of the installed models: {known}.",
        code="model-unknown",
    )


def verify_pack(folder: Path, *, provider: str = "cpu") -> list[Check]:
    """Check a pack from its format to its numbers; never raises for a bad pack, the failing line says what is wrong.

    The self-test runs the graph on `provider` and compares with the stored output, relative to its largest value.
    """
    try:
        pack = load_pack(folder)
    except PackError as error:
        return [Check(name="files", passed=False, detail=f"{error.message} {error.remedy}")]
    checks = [
        Check(name="files", passed=True, detail=f"{len(pack.members)} files, digest {pack.digest[:16]}"),
        Check(name="graph", passed=True, detail=f"opset {pack.runtime.opset}, ONNX operators only, no data outside"),
    ]
    if pack.selftest is None:
        return [*checks, Check(name="self-test", passed=False, detail="The pack has no self-test.")]
    # Only here is a graph run: whoever lists packs need not load what runs them.
    from engine.inference.selftest import run_selftest, tolerance

    try:
        worst, used = run_selftest(pack, provider=provider)
    except EngineError as error:
        return [*checks, Check(name="self-test", passed=False, detail=error.message)]
    passed = worst <= tolerance(pack)
    detail = f"off by {worst:.1e} of full scale on {used}, allowed {tolerance(pack):.0e}"
    return [*checks, Check(name="self-test", passed=passed, detail=detail)]


def verify_pack_task(
    *, pack_dir: str, provider: str = "cpu", progress: Progress, cancelled: CancelledPoll
) -> list[Check]:
    """Worker task: `verify_pack` for the command line and the window."""
    progress(0.0, "Checking the model")
    checks = verify_pack(Path(pack_dir), provider=provider)
    progress(1.0, "Checked")
    return checks
