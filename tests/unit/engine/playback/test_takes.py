"""Recordings that go round the loop: every pass lies where it was played."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.errors import EngineError
from engine.plan import LoopPlan, MixPlan
from engine.playback.callback import run
from engine.playback.messages import Record, Recorded
from engine.playback.takes import Take, passes_of

from .test_transport import RATE, Bench

MakePlan = Callable[..., MixPlan]
LOOP = LoopPlan(start_frame=12_000, end_frame=36_000)


class Studio(Bench):
    """A bench whose input counts its own frames."""

    def __init__(self) -> None:
        super().__init__()
        self.deck.open(rate=RATE, channels=2, inputs=2, kept=(0, 1))
        self.frame = 0
        self.ended = threading.Event()
        self.made: list[Recorded] = []

    def pull(self, frames: int) -> np.ndarray:
        out = np.zeros(2 * frames, dtype=np.float32)
        count = np.repeat(np.arange(self.frame, self.frame + frames), 2).astype(np.float32) / (1 << 23)
        run(self.deck.memory, out, count, frames, 0)
        self.frame += frames
        return out.reshape(frames, 2).T

    def record(self, path: Path, *, start: int, loop: bool = True, punch_out: int | None = None) -> Take:
        def done(recorded: Recorded | None, error: EngineError | None) -> None:
            assert recorded is not None, error
            self.made.append(recorded)
            self.ended.set()

        command = Record(1, str(path), start, None, punch_out, 0.0, 0, loop)
        return Take(command, self.deck, self.transport, latency_s=0.0, done=done)

    def roll(self, take: Take, frames: int) -> None:
        for _ in range(frames // 960):
            self.take(960, block=64)
            take.follow()


@pytest.fixture
def studio() -> Studio:
    return Studio()


def test_each_pass_of_the_loop_lies_where_it_was_played(studio: Studio, make_plan: MakePlan, tmp_path: Path) -> None:
    studio.set_plan(make_plan(loop=LOOP))
    take = studio.record(tmp_path / "a.wav", start=6_000)
    studio.roll(take, 30_000 + 24_000 + 12_000)
    # The input's frame that came in while a frame of the timeline left, as the session itself tells.
    tick = take._tick - take._frame  # pyright: ignore[reportPrivateUsage]
    take.finish()
    studio.take(960)
    assert studio.ended.wait(10.0)
    (made,) = studio.made
    assert [round(each.start_s * RATE) for each in made.passes] == [6_000, 12_000, 12_000]
    assert [round(each.offset_s * RATE) for each in made.passes] == [0, 30_000, 54_000]
    assert [round(each.length_s * RATE) for each in made.passes][:2] == [30_000, 24_000]
    assert sum(each.length_s for each in made.passes) == pytest.approx(made.frames / RATE)
    kept, _ = soundfile.read(made.path, dtype="float32")
    first = round(float(kept[0, 0]) * (1 << 23))
    assert first == round(studio.transport.places.clock_at(tick + 6_000))
    assert np.array_equal(np.diff(kept[:, 0] * (1 << 23)), np.ones(made.frames - 1))


def test_it_goes_on_looping_while_it_records_and_elsewhere_it_does_not(
    studio: Studio, make_plan: MakePlan, tmp_path: Path
) -> None:
    studio.set_plan(make_plan(loop=LOOP))
    take = studio.record(tmp_path / "a.wav", start=6_000)
    studio.roll(take, 40_000)
    assert studio.transport.position < LOOP.end_frame
    take.abandon()
    for k, (start, loop, punch_out) in enumerate([(6_000, False, None), (40_000, True, None), (6_000, True, 20_000)]):
        studio.transport.stop()
        studio.take(2_000)
        studio.ended.clear()
        take = studio.record(tmp_path / f"{k}.wav", start=start, loop=loop, punch_out=punch_out)
        studio.roll(take, 60_000)
        assert studio.transport.position > LOOP.end_frame or punch_out is not None
        take.abandon()
        assert studio.ended.wait(10.0)
        assert studio.made[-1].passes == ()


def test_a_change_of_the_loop_ends_the_recording(studio: Studio, make_plan: MakePlan, tmp_path: Path) -> None:
    studio.set_plan(make_plan(loop=LOOP))
    take = studio.record(tmp_path / "a.wav", start=6_000)
    studio.roll(take, 40_000)
    studio.transport.set_loop(LoopPlan(start_frame=0, end_frame=30_000))
    assert not take.follow()
    studio.take(2_000)
    assert studio.ended.wait(10.0)
    assert len(studio.made[0].passes) == 2


def test_passes_fill_the_recording() -> None:
    assert [each.length_s for each in passes_of(0, LOOP, 36_000.0, rate=12_000)] == [3.0]
    assert [each.length_s for each in passes_of(30_000, LOOP, 31_000.0, rate=1_000)] == [6.0, 24.0, 1.0]
    assert passes_of(30_000, LOOP, 0.0, rate=1_000) == ()
