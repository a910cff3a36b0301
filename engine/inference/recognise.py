"""What kind of model a bare ONNX file is: by its digest, or by the shapes of what it takes and gives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import msgspec

from engine.errors import PackError
from engine.inference.families.known import KNOWN, md5_tail
from engine.inference.onnx_graph import GraphFacts, Port, read_graph
from engine.inference.pack_format import FamilyName, StemName

CHECKPOINTS = {".pt", ".pth", ".ckpt", ".th", ".safetensors", ".h5", ".pb"}
"""Weights of training programs: these hold no graph that another program could run."""

_DEMUCS = ("drums", "bass", "other", "vocals")
_SIX = ("drums", "bass", "other", "vocals", "guitar", "piano")
_FOUR = ("vocals", "drums", "bass", "other")
_TWO = ("vocals", "instrumental")


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """How a model seems to want to be run. What is in `open` was not found in the file: a person is to confirm or
    change it."""

    family: str
    stems: tuple[str, ...]
    why: str
    n_fft: int | None = None
    hop: int | None = None
    rate: int = 44100
    compensate: float = 1.0
    open: tuple[str, ...] = ()
    files: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    """Graphs by stem, where each stem has one."""
    md5_tail: str | None = None


def recognise(paths: Sequence[Path]) -> Guess:
    """Look into one graph, or into the graphs of the stems of one model.

    Raises:
        PackError: ``model-not-onnx`` for the weights of a training program, ``pack-refused`` for what may not be run,
            ``model-unrecognised`` for a graph of no known family.
    """
    if not paths:
        raise PackError("No model file was given.", remedy="Name an ONNX file or a pack.", code="model-unrecognised")
    for path in paths:
        if path.suffix.lower() in CHECKPOINTS:
            raise PackError(
                f"“{path.name}” holds weights for a training program, not an ONNX model.",
                remedy="Ask for the ONNX version of the model, or export it (see docs/models.md), and add that.",
                code="model-not-onnx",
            )
    facts = [read_graph(path) for path in paths]
    digest = md5_tail(paths[0])
    known = KNOWN.get(digest) if len(paths) == 1 else None
    if known is not None:
        return Guess(
            family="uvr-mdx",
            stems=(known.stem, known.rest),
            n_fft=known.n_fft,
            hop=1024,
            compensate=known.compensate,
            why="The file is in the public table of Ultimate Vocal Remover's models.",
            md5_tail=digest,
        )
    guess = _by_shape(facts[0])
    if guess is None:
        raise unrecognised(facts[0])
    if guess.family in ("open-unmix", "spleeter"):
        files = {_stem_of(path): str(path) for path in paths}
        if len(files) != len(paths):
            raise PackError(
                "The files do not say which stem each of them gives.",
                remedy="Name them after their stems: vocals.onnx, drums.onnx, and so on.",
                code="model-unrecognised",
            )
        return msgspec.structs.replace(guess, stems=tuple(files), files=files)
    if len(paths) != 1:
        raise PackError(
            "This kind of model has one file only.", remedy="Add its one ONNX file.", code="model-unrecognised"
        )
    return msgspec.structs.replace(guess, md5_tail=digest)


def unrecognised(facts: GraphFacts) -> PackError:
    """The error that shows what the graph looks like and which families there are."""

    def shown(ports: tuple[Port, ...]) -> str:
        return ", ".join(f"{p.name} [{', '.join('?' if d is None else str(d) for d in p.shape)}]" for p in ports)

    families = ", ".join(get_args(FamilyName))
    return PackError(
        f"This model was not recognised: it takes {shown(facts.inputs)} and gives {shown(facts.outputs)}.",
        remedy=f"Say how it is run: --family ({families}), --stems, --n-fft, --hop.",
        code="model-unrecognised",
        details={"inputs": shown(facts.inputs), "outputs": shown(facts.outputs)},
    )


def _stem_of(path: Path) -> str:
    """The stem that a file is named after; its bare name where it is named after none."""
    words = path.stem.lower().replace("-", "_").split("_")
    aliases = {"accompaniment": "instrumental", "voice": "vocals", "inst": "instrumental"}
    for word in words:
        word = aliases.get(word, word)
        if word in get_args(StemName):
            return word
    raise PackError(
        f"“{path.name}” does not say which stem it gives.",
        remedy="Name the file after its stem: vocals.onnx, drums.onnx, bass.onnx, other.onnx, instrumental.onnx.",
        code="model-unrecognised",
    )


def _by_shape(facts: GraphFacts) -> Guess | None:
    inputs, outputs = [p.shape for p in facts.inputs], [p.shape for p in facts.outputs]
    if len(inputs) == 2 and len(outputs) >= 2:
        return _two_inputs(inputs, outputs)
    if len(inputs) != 1 or not outputs:
        return None
    taken, given = inputs[0], outputs[0]
    if len(taken) == 3 and taken[1] == 2:
        count = given[1] if len(given) == 4 else None
        stems = _SIX if count == 6 else _DEMUCS if count in (4, None) else _TWO if count == 2 else ()
        if not stems or len(given) != 4:
            return None
        return Guess(family="htdemucs", stems=stems, why="It takes and gives stereo sound, as Demucs does.")
    if len(taken) != 4:
        return None
    if taken[3] == 2 and taken[1] is not None and (taken[1] // 2) % 2 == 1:
        count = given[1] if len(given) == 5 else 1
        return Guess(
            family="roformer",
            stems=_stems_for(count),
            n_fft=taken[1] - 2,
            hop=441,
            open=("hop", "stems"),
            why="It gives a complex mask for every bin of both sides, as the RoFormers do.",
        )
    if taken[1] == 4 and taken[2] is not None:
        return _planes(taken, given)
    if taken[1] == 2 and taken[2] is not None and taken[2] % 2 == 1:
        return Guess(
            family="open-unmix",
            stems=("vocals",),
            n_fft=2 * (taken[2] - 1),
            hop=(taken[2] - 1) // 2,
            why="It takes and gives magnitudes of both sides, as Open-Unmix does.",
        )
    if taken[0] == 2 and taken[3] is not None:
        return Guess(
            family="spleeter",
            stems=("vocals",),
            n_fft=4 * taken[3],
            hop=taken[3],
            why="It takes passages of magnitudes, as Spleeter does.",
        )
    return None


def _stems_for(count: int | None) -> tuple[str, ...]:
    return {1: ("vocals",), 2: _TWO, 4: _FOUR, 6: ("bass", "drums", "other", "vocals", "guitar", "piano")}.get(
        count or 4, _FOUR
    )


def _planes(taken: tuple[int | None, ...], given: tuple[int | None, ...]) -> Guess | None:
    """Real and imaginary parts of both sides as channels."""
    bins = int(taken[2] or 0)
    if len(given) == 4:
        return Guess(
            family="uvr-mdx",
            stems=_TWO,
            n_fft=6144 if bins <= 3072 else 2 * bins,
            hop=1024,
            compensate=1.035,
            open=("n_fft", "stems", "compensate"),
            why="It takes and gives one spectrum, as MDX-Net does.",
        )
    if len(given) != 5:
        return None
    if bins % 2 == 1 and given[3] == bins:
        return Guess(
            family="spectral-stems",
            stems=_stems_for(given[1]),
            n_fft=2 * (bins - 1),
            hop=(bins - 1) // 2,
            open=("hop", "stems"),
            why="It takes a whole spectrum and gives those of the stems.",
        )
    return Guess(
        family="mdx23c",
        stems=_stems_for(given[1]),
        n_fft=2 * bins,
        hop=1024,
        open=("n_fft", "stems"),
        why="It takes a spectrum and gives those of several stems, as MDX23C does.",
    )


def _two_inputs(inputs: list[tuple[int | None, ...]], outputs: list[tuple[int | None, ...]]) -> Guess | None:
    """Waveform and spectrum."""
    if sorted(len(shape) for shape in inputs) != [3, 4]:
        return None
    spectrum = next(shape for shape in inputs if len(shape) == 4)
    bins = spectrum[2] or 2048
    ranks = sorted(len(shape) for shape in outputs[:2])
    why = "It takes the sound and its spectrum, as the core of Demucs does"
    details: dict[str, Any] = {"n_fft": 2 * bins, "hop": bins // 2}
    if ranks == [4, 5]:
        count = next(shape for shape in outputs if len(shape) == 5)[1]
        return Guess(family="htdemucs-core", stems=_SIX if count == 6 else _DEMUCS, why=f"{why}.", **details)
    if ranks == [3, 4]:
        joined = next(shape for shape in outputs if len(shape) == 4)[1]
        stems = _SIX if joined == 24 else _DEMUCS
        return Guess(family="htdemucs-openvino", stems=stems, why=f"{why} in OpenVINO's export.", **details)
    return None
