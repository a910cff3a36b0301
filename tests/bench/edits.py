"""Random mixes of sines, and random edits of them: what a person might do to a mix while it plays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from engine.io.pcm import write_pcm
from engine.plan import (
    AutomationPlan,
    ClipPlan,
    CompressorPlan,
    EqPlan,
    InsertPlan,
    LoopPlan,
    MixPlan,
    SendPlan,
    StripPlan,
    TrackPlan,
)
from engine.types import PcmRef

RATE = 48_000
SECONDS = 60
TRACKS = 8
FREQUENCIES_HZ = (55.0, 82.4, 110.0, 130.8, 164.8, 196.0, 220.0, 246.9, 261.6, 293.7)
LEVEL = 0.04
"""Peak of each sine: all tracks together stay below half scale."""
FADE = 960


def sounds(folder: Path) -> list[PcmRef]:
    """A sine of a minute for each of `FREQUENCIES_HZ`."""
    t = np.arange(SECONDS * RATE) / RATE
    made: list[PcmRef] = []
    for index, frequency in enumerate(FREQUENCIES_HZ):
        sine = (LEVEL * np.sin(2 * np.pi * frequency * t)).astype(np.float32)
        made.append(write_pcm(np.stack([sine, sine]), folder / f"sine{index}.pcm", rate=RATE))
    return made


class Desk:
    """A mix and the hand that changes it.

    Args:
        pcms: of `sounds`.
        rng: makes the run repeatable.
    """

    def __init__(self, pcms: list[PcmRef], rng: np.random.Generator):
        self._pcms, self._rng = pcms, rng
        self._count = 0
        bus = TrackPlan(
            id="bus", kind="bus", strip=StripPlan(inserts=(InsertPlan(id="hall", kind="reverb"),), gain=0.3)
        )
        self.plan = MixPlan(
            rate=RATE,
            length_frames=SECONDS * RATE,
            tracks=(*(self._track() for _ in range(TRACKS)), bus),
        )

    def _clip(self) -> ClipPlan:
        rng = self._rng
        start = int(rng.integers(0, SECONDS * RATE // 2))
        length = int(rng.integers(RATE, SECONDS * RATE - start))
        self._count += 1
        return ClipPlan(
            id=f"clip{self._count}",
            pcm=self._pcms[int(rng.integers(len(self._pcms)))],
            start_frame=start,
            length_frames=length,
            source_frame=int(rng.integers(0, SECONDS * RATE - length)),
            fade_in_frames=FADE,
            fade_out_frames=FADE,
            reverse=bool(rng.integers(2)),
        )

    def _track(self) -> TrackPlan:
        self._count += 1
        return TrackPlan(
            id=f"track{self._count}",
            clips=(self._clip(), self._clip()),
            strip=StripPlan(high_pass_hz=30.0, eq=(EqPlan(gain_db=2.0),), compressor=CompressorPlan(ratio=2.0)),
        )

    def edit(self) -> str:
        """Change something; its name."""
        rng = self._rng
        tracks = list(self.plan.tracks)
        index = int(rng.integers(len(tracks) - 1))
        track = tracks[index]
        strip = track.strip
        name = str(
            rng.choice(
                ["gain", "pan", "mute", "eq", "high-pass", "compressor", "insert", "move", "cut", "clips", "track",
                 "send", "automation", "route", "polarity", "loop"]
            )
        )  # fmt: skip
        changes: dict[str, Any] = {}
        if name == "gain":
            strip = msgspec.structs.replace(strip, gain=float(rng.uniform(0.0, 1.0)))
        elif name == "pan":
            strip = msgspec.structs.replace(strip, pan=float(rng.uniform(-1.0, 1.0)))
        elif name == "polarity":
            strip = msgspec.structs.replace(strip, polarity=not strip.polarity)
        elif name == "eq":
            bands = tuple(
                EqPlan(
                    kind=str(rng.choice(["low_shelf", "peak", "high_shelf"])),  # type: ignore[arg-type]
                    freq_hz=float(rng.uniform(60.0, 8_000.0)),
                    gain_db=float(rng.uniform(-9.0, 3.0)),
                    q=float(rng.uniform(0.4, 3.0)),
                )
                for _ in range(int(rng.integers(0, 5)))
            )
            strip = msgspec.structs.replace(strip, eq=bands)
        elif name == "high-pass":
            strip = msgspec.structs.replace(strip, high_pass_hz=float(rng.choice([0.0, 20.0, 80.0, 150.0])))
        elif name == "compressor":
            made = CompressorPlan(threshold_db=float(rng.uniform(-40.0, -10.0)), ratio=float(rng.uniform(1.0, 6.0)))
            strip = msgspec.structs.replace(strip, compressor=made)
        elif name == "insert":
            kinds = rng.permutation(["delay", "reverb", "chorus", "lowpass"])[: int(rng.integers(0, 3))]
            strip = msgspec.structs.replace(strip, inserts=tuple(InsertPlan(id=str(k), kind=str(k)) for k in kinds))
        elif name == "mute":
            changes["audible"] = not track.audible
        elif name == "move":
            clips = tuple(
                msgspec.structs.replace(clip, start_frame=max(clip.start_frame + int(rng.integers(-RATE, RATE)), 0))
                for clip in track.clips
            )
            changes["clips"] = clips
        elif name == "cut" and track.clips:
            clip = track.clips[0]
            half = clip.length_frames // 2
            first = msgspec.structs.replace(clip, id=f"{clip.id}a", length_frames=half, fade_out_frames=min(FADE, half))
            changes["clips"] = (first, *track.clips[1:])
        elif name == "clips":
            changes["clips"] = (self._clip(), self._clip())
        elif name == "send":
            on = not track.sends
            changes["sends"] = (SendPlan(bus="bus", gain=float(rng.uniform(0.1, 1.0))),) if on else ()
        elif name == "route":
            changes["output"] = "" if track.output else "bus"
        elif name == "automation":
            frames = tuple(sorted(int(f) for f in rng.integers(0, SECONDS * RATE, 8)))
            values = tuple(float(v) for v in rng.uniform(-24.0, 0.0, 8))
            on = not track.automation
            changes["automation"] = (AutomationPlan(target="gain_db", frames=frames, values=values),) if on else ()
        elif name == "track":
            track = self._track()
            strip = track.strip
        elif name == "loop":
            start = int(rng.integers(0, SECONDS * RATE - RATE))
            length = int(rng.choice([2_000, 5_000, RATE, 5 * RATE]))
            loop = None if self.plan.loop else LoopPlan(start_frame=start, end_frame=start + length)
            self.plan = msgspec.structs.replace(self.plan, loop=loop)
        tracks[index] = msgspec.structs.replace(track, strip=strip, **changes)
        self.plan = msgspec.structs.replace(self.plan, tracks=tuple(tracks))
        return name
