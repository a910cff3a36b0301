"""From a bare ONNX file, or a pack as a zip or folder, to a checked pack in a folder of its own."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from engine.errors import EngineError, InferenceError, PackError
from engine.inference import runtime
from engine.inference.families.protocol import Call
from engine.inference.graphs import Graph
from engine.inference.onnx_graph import GraphFacts, read_graph
from engine.inference.packs import PACK_FILE, Pack, load_pack
from engine.inference.recognise import Guess, recognise
from engine.types import Cancelled as CancelledPoll
from engine.types import Progress

MAX_PACK_BYTES = 8 * 1024**3
MAX_ENTRIES = 80
MAX_RATIO = 200
"""Weights hardly shrink; what unpacks to more than this many times its size is no model."""
RESTS = frozenset({"other", "instrumental", "backing", "dry"})
"""Stems that stand for everything else."""
MAX_PROBE_ELEMENTS = 2**23
PROBE_LIMIT_S = 180.0
_DEVICES = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(1, 10))}


class Papers(msgspec.Struct, frozen=True, kw_only=True):
    """What the person who brings a model knows of its rights. "Unstated" is an honest answer."""

    licence: str = "unstated"
    code: str = "unstated"
    holder: str = "unstated"
    redistribute: bool = False
    commercial: bool = False
    training: str = "Unstated: the model was brought by the person who uses it."


def _refused(message: str) -> PackError:
    return PackError(message, remedy="Use a pack from a source you trust.", code="pack-refused")


def slug(text: str) -> str:
    """An id for a pack, from any text."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60]
    return plain if len(plain) > 1 else f"model-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def inspect_task(*, paths: list[str], progress: Progress, cancelled: CancelledPoll) -> Guess:
    """Worker task: `recognise` files."""
    return recognise([Path(path) for path in paths])


def unpack_task(*, path: str, out_dir: str, progress: Progress, cancelled: CancelledPoll) -> str:
    """Worker task: copy a pack (a zip or a folder) to `out_dir`, which must not exist, and check it.

    Returns:
        its id.

    Raises:
        PackError: pack-refused for archives that no pack comes in (paths outside, links, devices, names that differ in
            case only, bombs, encryption); pack-invalid and pack-digest as `load_pack` has it. Nothing is left then.
    """
    source, target = Path(path), Path(out_dir)
    try:
        progress(0.0, "Unpacking the model")
        if source.is_dir():
            _copy_folder(source, target)
        else:
            _unzip(source, target)
        progress(0.7, "Checking the model")
        return load_pack(target).id
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def _copy_folder(source: Path, target: Path) -> None:
    load_pack(source)
    shutil.copytree(source, target, symlinks=True)


def _unzip(source: Path, target: Path) -> None:
    try:
        archive = zipfile.ZipFile(source)
    except (OSError, zipfile.BadZipFile) as error:
        raise PackError(
            f"“{source.name}” is neither a model pack nor an ONNX file.",
            remedy="Name an .onnx file, a pack (.zip), or a folder with a pack.json.",
            code="pack-invalid",
        ) from error
    with archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        _check_entries(source, entries)
        prefix = _common_folder(entries)
        target.mkdir(parents=True)
        try:
            for entry in entries:
                _extract(archive, entry, target / entry.filename[len(prefix) :])
        except (OSError, zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as error:
            if isinstance(error, OSError) and error.errno:
                raise
            raise PackError(
                f"“{source.name}” is damaged and cannot be unpacked.",
                remedy="Download it again.",
                code="pack-invalid",
            ) from error


def _check_entries(source: Path, entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise _refused(f"“{source.name}” holds more files than a pack may.")
    seen: set[str] = set()
    total = 0
    for entry in entries:
        name = entry.filename
        parts = name.split("/")
        if (
            name.startswith("/")
            or "\\" in name
            or ":" in name
            or any(part in ("", ".", "..") for part in parts)
            or any(part.split(".")[0].lower() in _DEVICES or part != part.strip(" .") for part in parts)
        ):
            raise _refused(f"“{source.name}” names a file outside of itself ({name!r}).")
        if stat.S_ISLNK(entry.external_attr >> 16) or entry.flag_bits & 1:
            raise _refused(f"“{source.name}” holds a link or a locked file ({name!r}).")
        if name.casefold() in seen:
            raise _refused(f"“{source.name}” holds a file twice ({name!r}).")
        seen.add(name.casefold())
        total += entry.file_size
        if total > MAX_PACK_BYTES or entry.file_size > MAX_RATIO * (entry.compress_size + 1024):
            raise _refused(f"“{source.name}” would unpack to an absurd size.")


def _common_folder(entries: list[zipfile.ZipInfo]) -> str:
    """The folder that all files lie in, as archive programs like to make it."""
    names = [entry.filename for entry in entries]
    if PACK_FILE in names:
        return ""
    prefix = names[0].split("/")[0] + "/" if names and "/" in names[0] else ""
    if prefix and all(name.startswith(prefix) for name in names) and prefix + PACK_FILE in names:
        return prefix
    raise PackError(
        f"This archive is no model pack: it has no {PACK_FILE}.",
        remedy="Name an .onnx file, a pack (.zip), or a folder with a pack.json.",
        code="pack-invalid",
    )


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    left = entry.file_size
    with archive.open(entry) as source, path.open("xb") as out:
        while chunk := source.read(1 << 20):
            # What the directory says and what comes out may differ.
            left -= len(chunk)
            if left < 0:
                raise _refused("A file of the pack is longer than it says.")
            out.write(chunk)


def make_task(
    *,
    paths: list[str],
    out_dir: str,
    id: str,
    title: str,
    guess: Guess,
    papers: Papers,
    progress: Progress,
    cancelled: CancelledPoll,
) -> str:
    """Worker task: make a pack around bare ONNX files in `out_dir`, which must not exist, with a self-test of what the
    CPU gives.

    Returns:
        the pack's id.

    Raises:
        PackError: pack-refused, pack-invalid; model-unsuitable where the graph does not fit the family.
        InferenceError: the graph does not run, or does not come to an end. Nothing is left in any of these cases.
    """
    target = Path(out_dir)
    try:
        progress(0.0, "Copying the model")
        target.mkdir(parents=True)
        files = {stem: Path(path) for stem, path in guess.files.items()} or {"": Path(paths[0])}
        names = {stem: f"{stem or 'model'}.onnx" for stem in files}
        for stem, path in files.items():
            shutil.copyfile(path, target / names[stem])
        first = next(iter(names.values()))
        facts = read_graph(target / first)
        if facts.external:
            raise PackError(
                "This model keeps its weights in another file.",
                remedy="Add it as a pack that lists both files, or export it into one file.",
                code="pack-invalid",
            )
        manifest = _manifest(guess, facts, papers, id=id, title=title, graph=first)
        if guess.files:
            manifest["stem_graphs"] = names
        roles = dict.fromkeys(names.values(), "graph")
        progress(0.4, "Trying the model")
        manifest |= _probe(target, target / first, facts, roles, cancelled)
        manifest["members"] = [
            {"path": name, "role": role, "sha256": _sha256(target / name), "bytes": (target / name).stat().st_size}
            for name, role in roles.items()
        ]
        (target / PACK_FILE).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        _fits(load_pack(target))
        progress(1.0, "Added")
        return id
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _manifest(guess: Guess, facts: GraphFacts, papers: Papers, *, id: str, title: str, graph: str) -> dict[str, Any]:
    def ports(values: Any) -> list[dict[str, Any]]:
        return [{"name": p.name, "content": guess.family, "shape": list(p.shape)} for p in values]

    # Only stems that leave nothing of the mixture out can be made to sum to it.
    whole = len(guess.stems) > 1 and bool(RESTS & set(guess.stems))
    manifest: dict[str, Any] = {
        "format": 1,
        "id": id,
        "version": "1.0.0",
        "kind": "separation",
        "family": guess.family,
        "title": title,
        "description": f"Brought by the person who uses it. {guess.why}",
        "graph": graph,
        "inputs": ports(facts.inputs),
        "outputs": ports(facts.outputs),
        "audio": {
            "rate": guess.rate,
            "channels": 2,
            "normalisation": "track-mono-zscore" if guess.family.startswith("htdemucs") else "none",
        },
        "chunk": {"hops": 256, "overlap_hops": 40} if guess.family.startswith("spectral") else {},
        "post": {"compensate": guess.compensate, "sum_to_mix": whole},
        "stems": list(guess.stems),
        "runtime": {"opset": facts.opset},
        "rights": {
            "code": papers.code,
            "weights": papers.licence,
            "holder": papers.holder,
            "redistribute": papers.redistribute,
            "commercial": papers.commercial,
            "training_statement": papers.training,
        },
    }
    if guess.n_fft is not None and guess.hop is not None:
        manifest["stft"] = {"n_fft": guess.n_fft, "hop": guess.hop}
    if guess.md5_tail is not None:
        manifest["match"] = {"md5_tail": [guess.md5_tail]}
    return manifest


def _probe(
    folder: Path, graph: Path, facts: GraphFacts, roles: dict[str, str], cancelled: CancelledPoll
) -> dict[str, Any]:
    """Run the graph on the CPU with noise and keep what it gave, so that every other provider can be held against it;
    nothing where the graph is too large for that."""
    shapes = [
        tuple(64 if size is None and axis > 1 else size or 1 for axis, size in enumerate(p.shape)) for p in facts.inputs
    ]
    if sum(int(np.prod(shape)) for shape in shapes) > MAX_PROBE_ELEMENTS:
        return {}
    rng = np.random.default_rng(1)
    feeds = [np.abs(rng.standard_normal(shape)).astype(np.float32) for shape in shapes]
    session = runtime.open_session(graph, "cpu").session
    results = Graph(session)(feeds, cancelled=cancelled, limit_s=PROBE_LIMIT_S)
    if any(not np.isfinite(result).all() for result in results):
        raise InferenceError(
            "The model returns values that are no sound.",
            remedy="Use another export of the model.",
            code="inference-failed",
        )
    if sum(result.size for result in results) > MAX_PROBE_ELEMENTS:
        return {}
    tested: dict[str, Any] = {"inputs": [], "outputs": [], "tolerance": 1e-3}
    for kind, ports, arrays in (("inputs", facts.inputs, feeds), ("outputs", facts.outputs, results)):
        for index, (port, array) in enumerate(zip(ports, arrays, strict=True)):
            name = f"selftest-{kind[:-1]}-{index}.f32"
            array.astype("<f4").tofile(folder / name)
            roles[name] = "selftest"
            tested[kind].append({"name": port.name, "member": name, "shape": list(array.shape)})
    return {"selftest": tested}


def _fits(pack: Pack) -> None:
    """Whether the pack's numbers fit its family: a passage of silence is enough to tell."""
    from engine.inference.families import Track, family_of

    graphs: dict[str, Call] = dict.fromkeys(pack.stem_graphs or {"": pack.graph}, _silent)
    try:
        family_of(pack, graphs, Track())
    except (EngineError, ValueError) as error:
        if isinstance(error, PackError):
            raise
        raise PackError(
            f"{pack.title} cannot be run that way: {error}.",
            remedy="Give other numbers (--family, --n-fft, --hop, --stems).",
            code="model-unsuitable",
        ) from error


def _silent(feeds: Sequence[npt.NDArray[np.float32]]) -> list[npt.NDArray[np.float32]]:
    return [np.zeros(1, np.float32)]


def remove(folder: Path) -> None:
    """Take a pack away: out of sight at once, then off the disk."""
    gone = folder.with_name(f".{folder.name}.removed")
    shutil.rmtree(gone, ignore_errors=True)
    folder.replace(gone)
    shutil.rmtree(gone, ignore_errors=True)
