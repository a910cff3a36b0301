"""What every family of separation graphs gives to the runner: a plan of passages, and sound in, stems out for one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from engine.errors import InferenceError, PackError
from engine.inference.packs import Pack
from engine.types import Audio

Array = npt.NDArray[np.float32]

Call = Callable[[Sequence[Array]], list[Array]]
"""A graph: inputs in their order in, outputs in their order out."""


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """What a family may know of the whole track before the first passage (some were trained on normalised tracks)."""

    power: float = 1.0
    """Mean square of the parts that sound, of both channels."""
    mean: float = 0.0
    """Mean of the mono sum."""
    deviation: float = 1.0
    """Standard deviation of the mono sum (n - 1)."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a track is cut into passages, in samples at the model's rate.

    Passage k gives the samples from ``offset + k * step``, `length` of them, and sees `lead` more before and `tail`
    more behind. Where passages overlap they are mixed by `window`.
    """

    length: int
    step: int
    window: Array
    """``(length,) float32``, above zero."""
    lead: int = 0
    tail: int = 0
    offset: int = 0
    edge: Literal["zero", "reflect"] = "zero"
    reflect: int = 0
    """With the edge ``reflect``: how many samples around the track are its mirror image; beyond is silence."""
    fill: float = 0.0
    """What stands around the track: what becomes zero where a family normalises."""
    short: bool = False
    """The last passage may end with the track instead of being filled up with silence."""
    lean: bool = False
    """The last passage is left out where the one before reaches the end of the track."""
    centred: bool = False
    """The last passage sees as much before as behind it, as far as it is shorter than a whole one."""


class Family(Protocol):
    """One way to run a graph, made for one track. `stems` in the order in which `run` gives them."""

    stems: tuple[str, ...]
    rate: int
    plan: Plan

    def run(self, passage: Audio) -> Audio:
        """Stems ``(stems, 2, n)`` of a passage ``(2, lead + n + tail)``.

        Raises:
            InferenceError: the graph failed or returned something else than stems.
            Cancelled: the person asked to stop.
        """
        ...


def unsuitable(pack: Pack) -> PackError:
    """The pack describes its graph in a way that does not fit its family."""
    return PackError(
        f"{pack.title} is built in a way that this version cannot run.",
        remedy="Choose another model, or add it again with the right family and numbers.",
        code="model-unsuitable",
    )


def rate_of(pack: Pack) -> int:
    """The sample rate that the pack's graph wants.

    Raises:
        PackError: model-unsuitable where the pack does not say, or is not stereo.
    """
    if pack.audio is None or pack.audio.channels != 2:
        raise unsuitable(pack)
    return pack.audio.rate


def checked(result: Array, shape: tuple[int, ...]) -> Array:
    """The output of a graph if it is of this shape and finite.

    Raises:
        InferenceError: inference-failed.
    """
    if result.shape != shape:
        raise InferenceError(
            "The model returned something else than stems.",
            remedy="Install the model again.",
            code="inference-failed",
            details={"shape": list(result.shape), "wanted": list(shape)},
        )
    if not np.isfinite(result).all():
        raise InferenceError(
            "The model returned values that are no sound.",
            remedy="Choose the CPU in the settings, or another model, then split again.",
            code="inference-failed",
        )
    return result.astype(np.float32, copy=False)


SMALLEST = np.float32(1e-6)
"""Windows never reach zero: a sample that only one passage covers must be found again by dividing."""


def faded(length: int, fade: int, kind: str) -> Array:
    """A flat window with ramps of `fade` samples at both ends, ``linear`` or ``hann``."""
    window = np.ones(length, np.float32)
    fade = min(fade, length // 2)
    if fade > 0:
        ramp = (np.arange(fade, dtype=np.float32) + 0.5) / fade
        if kind == "hann":
            ramp = 0.5 - 0.5 * np.cos(np.pi * ramp)
        window[:fade] = ramp
        window[length - fade :] = ramp[::-1]
    return np.maximum(window, SMALLEST)


def triangle(length: int) -> Array:
    """Rising to the middle and falling again."""
    half = length // 2
    rising = np.arange(1, half + 1, dtype=np.float32)
    falling = np.arange(length - half, 0, -1, dtype=np.float32)
    window = np.concatenate([rising, falling])
    return window / window.max()
