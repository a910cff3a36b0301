"""Reading clips: slices of memory-mapped sources with gain, fades and reverse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.errors import EngineError
from engine.plan.model import ClipPlan, TrackPlan
from engine.plan.timeline import Timeline
from engine.types import Audio, PcmRef

LOOP_FADE_S = 0.005


class SourcePool:
    """Sources that are open, by path; shared by the plans that follow each other."""

    def __init__(self) -> None:
        self._open: dict[str, Audio] = {}

    def get(self, ref: PcmRef, *, rate: int) -> Audio:
        """The samples of `ref`.

        Raises:
            EngineError: code ``source-missing`` or ``source-rate``.
        """
        if ref.rate != rate:
            raise EngineError(
                f"A sound was stored at {ref.rate} Hz, and the project runs at {rate} Hz.",
                remedy="Import the sound again.",
                code="source-rate",
                details={"path": ref.path},
            )
        samples = self._open.get(ref.path)
        if samples is None or samples.shape != (ref.channels, ref.frames):
            try:
                if Path(ref.path).stat().st_size < ref.channels * ref.frames * 4:
                    raise ValueError("file too short")
                samples = ref.open() if ref.frames else np.zeros((ref.channels, 0), dtype=np.float32)
            except (OSError, ValueError) as error:
                raise EngineError(
                    "The stored samples of a sound are missing or damaged.",
                    remedy="Open the project again; if that does not help, import the sound again.",
                    code="source-missing",
                    details={"path": ref.path},
                ) from error
            self._open[ref.path] = samples
        return samples

    def keep(self, paths: set[str]) -> None:
        """Close the sources that are not among `paths`."""
        self._open = {path: samples for path, samples in self._open.items() if path in paths}


class ClipReader:
    """The clips of one track as a stream of stereo blocks."""

    def __init__(self, track: TrackPlan, *, rate: int, pool: SourcePool):
        self._clips = [(clip, pool.get(clip.pcm, rate=rate)) for clip in track.clips if clip.length_frames > 0]
        self._starts = np.array([clip.start_frame for clip, _ in self._clips], dtype=np.int64)
        self._ends = np.array([clip.start_frame + clip.length_frames for clip, _ in self._clips], dtype=np.int64)

    def read(self, timeline: Timeline, tick: int, out: Audio) -> None:
        """Fill `out` ``(2, frames) float32`` with the ticks from `tick` on.

        Before a jump of the loop the last 5 ms fade over to what precedes its target, so that the sound after the
        jump is untouched from its first frame.
        """
        out[:] = 0.0
        for piece in timeline.pieces(tick, out.shape[1]):
            part = out[:, piece.offset : piece.offset + piece.length]
            self._add(piece.frame, part)
            if piece.tail < 0 or piece.tail - piece.length >= piece.fade:
                continue
            left = piece.tail - np.arange(piece.length)
            weight = np.clip(left / max(piece.fade, 1), 0.0, 1.0).astype(np.float32)
            lead = np.zeros_like(part)
            self._add(piece.jump_to - piece.tail, lead)
            part *= weight
            part += lead * (np.float32(1.0) - weight)

    def _add(self, frame: int, out: Audio) -> None:
        count = out.shape[1]
        for index in np.flatnonzero((self._starts < frame + count) & (self._ends > frame)):
            clip, samples = self._clips[index]
            first = max(frame, clip.start_frame)
            last = min(frame + count, clip.start_frame + clip.length_frames)
            _add_clip(clip, samples, first - clip.start_frame, last - first, out[:, first - frame : last - frame])


def loop_fade_frames(rate: int) -> int:
    """Frames over which the end of a loop fades into its start."""
    return max(round(LOOP_FADE_S * rate), 1)


def _add_clip(clip: ClipPlan, samples: Audio, inside: int, count: int, out: Audio) -> None:
    """Add `count` frames of a clip, from its frame `inside` on, to `out` ``(2, count)``."""
    if clip.reverse:
        start = clip.source_frame + clip.length_frames - inside - count
    else:
        start = clip.source_frame + inside
    first, last = max(start, 0), min(start + count, samples.shape[1])
    if last <= first:
        return
    part = samples[:2, first:last]
    # Where the slice lies in the block: read backwards, its last frame comes first.
    offset = (start + count - last) if clip.reverse else (first - start)
    if clip.reverse:
        part = part[:, ::-1]
    gain = _gain(clip, inside + offset, last - first)
    out[:, offset : offset + last - first] += part if gain is None else part * gain


def _gain(clip: ClipPlan, inside: int, count: int) -> npt.NDArray[np.float32] | np.float32 | None:
    """The gain of `count` frames from the clip's frame `inside` on; None for 1."""
    rising = clip.fade_in_frames > 0 and inside < clip.fade_in_frames
    falling = clip.fade_out_frames > 0 and inside + count > clip.length_frames - clip.fade_out_frames
    if not rising and not falling:
        return None if clip.gain == 1.0 else np.float32(clip.gain)
    at = inside + np.arange(count) + 0.5
    gain = np.full(count, clip.gain)
    if rising:
        gain *= np.sin(0.5 * np.pi * np.clip(at / clip.fade_in_frames, 0.0, 1.0))
    if falling:
        gain *= np.sin(0.5 * np.pi * np.clip((clip.length_frames - at) / clip.fade_out_frames, 0.0, 1.0))
    return gain.astype(np.float32)
