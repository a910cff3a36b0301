"""A mix as busy as a real one, of sounds that are made on the spot."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.io.pcm import write_pcm
from engine.plan import ClipPlan, CompressorPlan, EqPlan, InsertPlan, LoopPlan, MixPlan, SendPlan, StripPlan, TrackPlan
from engine.types import PcmRef

RATE = 48_000
SECONDS = 30


def write_sources(folder: Path, *, count: int = 8) -> list[PcmRef]:
    """Stereo noise with a beat, `count` files of `SECONDS`."""
    rng = np.random.default_rng(7)
    time_s = np.arange(SECONDS * RATE) / RATE
    made: list[PcmRef] = []
    for index in range(count):
        beat = np.exp(-8.0 * (time_s % (0.25 * (1 + index % 3))))
        sound = (0.1 * beat * rng.standard_normal((2, time_s.size))).astype(np.float32)
        made.append(write_pcm(sound, folder / f"noise{index}.pcm", rate=RATE))
    return made


def busy_plan(pcms: list[PcmRef], *, tracks: int, loop: bool = False) -> MixPlan:
    """`tracks` tracks with high-pass, two EQ bands and a compressor, half of them sent to a hall, a delay on every
    eighth.
    """
    length = SECONDS * RATE
    strip = StripPlan(
        gain=0.4,
        high_pass_hz=60.0,
        eq=(EqPlan(kind="low_shelf", freq_hz=120.0, gain_db=2.0), EqPlan(freq_hz=2_500.0, gain_db=-3.0, q=1.2)),
        compressor=CompressorPlan(threshold_db=-24.0, ratio=3.0),
    )
    made: list[TrackPlan] = []
    for index in range(tracks):
        pcm = pcms[index % len(pcms)]
        clips = tuple(
            ClipPlan(
                pcm=pcm,
                start_frame=part * length // 4,
                length_frames=length // 4,
                source_frame=part * length // 4,
                fade_in_frames=480,
                fade_out_frames=480,
            )
            for part in range(4)
        )
        inserts = (InsertPlan(id=f"delay{index}", kind="delay"),) if index % 8 == 0 else ()
        sends = (SendPlan(bus="hall", gain=0.2),) if index % 2 == 0 else ()
        own = StripPlan(
            gain=strip.gain,
            pan=(index % 9 - 4) / 4,
            high_pass_hz=strip.high_pass_hz,
            eq=strip.eq,
            compressor=strip.compressor,
            inserts=inserts,
        )
        made.append(TrackPlan(id=f"track{index}", clips=clips, strip=own, sends=sends))
    hall = TrackPlan(id="hall", kind="bus", strip=StripPlan(inserts=(InsertPlan(id="hall", kind="reverb"),)))
    return MixPlan(
        rate=RATE,
        length_frames=length,
        tracks=(*made, hall),
        loop=LoopPlan(start_frame=0, end_frame=length) if loop else None,
    )
