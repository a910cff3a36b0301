"""The transport against a device that the test pulls by hand: every sample is known."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from engine.errors import EngineError
from engine.plan import InsertPlan, LoopPlan, MixPlan, TempoPlan
from engine.plan.sources import SourcePool
from engine.playback import deck as words
from engine.playback.callback import run
from engine.playback.deck import Deck
from engine.playback.figures import Figures
from engine.playback.messages import Prepare, SetPlan
from engine.playback.pages import prefetch
from engine.playback.telemetry import SIZE, Telemetry
from engine.playback.transport import Transport
from engine.playback.upkeep import Upkeep

RATE = 48_000
RAMP = 240


def render(plan: MixPlan, *, start_frame: int = 0, frames: int | None = None) -> np.ndarray:
    """The same stretch off line."""
    from engine.plan.offline import OfflineRenderer

    out = np.zeros((2, plan.length_frames - start_frame if frames is None else frames), dtype=np.float32)
    renderer = OfflineRenderer(msgspec.structs.replace(plan, loop=None))
    renderer.seek(start_frame)
    renderer.process(out)
    return out


MakePlan = Callable[..., MixPlan]


class Output:
    """A device's figures."""

    id = name = "bench"
    input_id = ""
    rate = RATE
    latency_s = 0.0


class Bench:
    """A transport whose device is `take`; what has been pulled stays in `heard`."""

    def __init__(self, *, rate: int = RATE):
        self.deck = Deck()
        self.deck.open(rate=rate, channels=2)
        memory = bytearray(SIZE)
        self.telemetry = Telemetry(memory)
        self.transport = Transport(self.deck)
        self.figures = Figures(memory, self.deck, self.transport)
        self.figures.device(Output())
        self.serial = 0

    def pull(self, frames: int) -> np.ndarray:
        out = np.full(2 * frames, np.nan, dtype=np.float32)
        run(self.deck.memory, out, out, frames, 0)
        return out.reshape(frames, 2).T

    def take(self, frames: int, *, block: int = 128) -> np.ndarray:
        parts = [self.pull(min(block, frames - start)) for start in range(0, frames, block)]
        self.follow()
        return np.concatenate(parts, axis=1)

    def follow(self) -> None:
        self.transport.follow(self.figures.publish(notice=self.transport.notice, recording=False))
        self.transport.collect()

    def set_plan(self, plan: MixPlan) -> None:
        """As a control thread would, while the device goes on asking."""
        self.serial += 1
        self.call(lambda: self.transport.set_plan(SetPlan(plan, self.serial)))

    def call(self, do: Callable[[], None]) -> list[np.ndarray]:
        """Do what may wait for the device, and pull as long as it waits."""
        problem: list[BaseException] = []

        def body() -> None:
            try:
                do()
            except BaseException as error:
                problem.append(error)

        thread = threading.Thread(target=body)
        thread.start()
        parts: list[np.ndarray] = []
        while thread.is_alive():
            thread.join(0.003)
            if thread.is_alive():
                parts.append(self.pull(64))
        if problem:
            raise problem[0]
        return parts

    @property
    def state(self) -> tuple[bool, int]:
        """Once the last block has been heard to its end: until then the play-head is still within it."""
        lasts_s = self.deck.word(words.BLOCK) / self.deck.rate
        while (self.deck.now_ns() - self.deck.word(words.STAMP)) * 1e-9 < lasts_s:
            time.sleep(0.001)
        self.follow()
        seen = self.telemetry.read()
        return bool(seen["playing"]), int(seen["frame"])


@pytest.fixture
def bench() -> Bench:
    return Bench()


def roughness(x: np.ndarray) -> float:
    """The largest second difference: a click in smooth sound stands far above it."""
    return float(np.abs(np.diff(x.astype(np.float64), n=2, axis=1)).max())


SMOOTH = 6e-3
"""Second differences of the sines (7e-4) and of a 5 ms fade from peak to opposite peak (4.2e-3) stay below this."""


def find(heard: np.ndarray, wanted: np.ndarray, *, atol: float = 1e-6) -> int:
    """Where in `heard` the block `wanted` stands."""
    for start in range(heard.shape[1] - wanted.shape[1] + 1):
        if abs(heard[0, start] - wanted[0, 0]) < atol and np.allclose(
            heard[:, start : start + wanted.shape[1]], wanted, atol=atol
        ):
            return start
    raise AssertionError("what should be heard is not there")


def test_the_roughness_measure_finds_a_forced_click(make_plan: MakePlan) -> None:
    tone = render(make_plan(), frames=RATE)
    assert roughness(tone) < SMOOTH
    clicked = tone.copy()
    clicked[:, 20_000:] *= 0.95
    assert roughness(clicked) > SMOOTH


def test_what_plays_is_what_renders_from_the_first_sample(bench: Bench, make_plan: MakePlan) -> None:
    inserts = (InsertPlan(id="r", kind="reverb"), InsertPlan(id="l", kind="limiter", parameters={"gain_db": 9.0}))
    plan = make_plan(high_pass_hz=80.0, inserts=inserts)
    bench.set_plan(plan)
    bench.take(2_000)
    bench.transport.play()
    heard = bench.take(RATE, block=97)
    wanted = render(plan, frames=RATE)
    start = find(heard, wanted[:, 5_000:6_000]) - 5_000
    assert 0 <= start < 2_000
    assert np.abs(heard[:, start + 300 :] - wanted[:, 300 : RATE - start]).max() < 10 ** (-120 / 20)
    playing, frame = bench.state
    assert playing
    assert frame == RATE - start


def test_pause_fades_out_and_goes_on_where_it_was(bench: Bench, make_plan: MakePlan) -> None:
    plan = make_plan()
    bench.set_plan(plan)
    bench.transport.play(20_000)
    bench.take(10_000)
    frame = bench.state[1]
    bench.transport.pause()
    assert bench.state == (False, frame)
    tail = bench.take(4_000)
    assert np.abs(tail[:, -2_000:]).max() == 0.0
    assert roughness(tail) < SMOOTH
    assert bench.state == (False, frame)
    bench.transport.play()
    heard = bench.take(6_000)
    find(heard, render(plan, start_frame=frame, frames=3_000)[:, 600:])


def test_stop_goes_back_to_the_start_and_then_to_the_beginning(bench: Bench, make_plan: MakePlan) -> None:
    bench.set_plan(make_plan())
    bench.transport.play(24_000)
    bench.take(10_000)
    bench.transport.stop()
    bench.take(1_000)
    assert bench.state == (False, 24_000)
    bench.transport.stop()
    bench.take(1_000)
    assert bench.state == (False, 0)


def test_a_seek_while_playing_is_smooth_and_lands_exactly(bench: Bench, make_plan: MakePlan) -> None:
    plan = make_plan()
    bench.set_plan(plan)
    bench.transport.play()
    before = bench.take(9_999)
    bench.transport.seek(100_001)
    assert bench.state == (True, 100_001)
    after = bench.take(6_000)
    assert roughness(np.concatenate([before[:, 2_000:], after], axis=1)) < SMOOTH
    # Heard within a block, the fade and the look-ahead of the limiter.
    start = find(after, render(plan, start_frame=100_001, frames=2_000))
    assert start <= 128 + RAMP + bench.transport.flat.latency_frames
    assert bench.state[1] == 100_001 + 6_000 - start


def test_many_seeks_in_a_row_end_at_the_last(bench: Bench, make_plan: MakePlan) -> None:
    plan = make_plan()
    bench.set_plan(plan)
    bench.transport.play()
    heard = [bench.take(5_000)[:, 2_000:]]
    for frame in range(10_000, 60_000, 1_000):
        bench.transport.seek(frame)
        heard.append(bench.take(64))
    heard.append(bench.take(4_000))
    # One fade may end where the next one begins.
    assert roughness(np.concatenate(heard, axis=1)) < 2 * SMOOTH
    position = bench.state[1]
    assert np.allclose(bench.take(2_000), render(plan, start_frame=position, frames=2_000), atol=1e-6)


@pytest.mark.parametrize("block", [64, 128, 1000])
def test_a_loop_wraps_on_its_frame(bench: Bench, make_plan: MakePlan, block: int) -> None:
    loop = LoopPlan(start_frame=10_007, end_frame=20_011)
    bench.set_plan(make_plan(loop=loop))
    bench.transport.play(15_000)
    heard = bench.take(32_000, block=block)
    straight = render(make_plan(), frames=21_000)
    body = straight[:, 10_007 : 20_011 - RAMP]
    first = find(heard, body)
    assert first - (20_011 - 15_000) < 2_000
    length = 20_011 - 10_007
    assert np.allclose(heard[:, first + length :][:, : body.shape[1]], body, atol=1e-6)
    assert roughness(heard[:, 2_000:]) < SMOOTH
    playing, frame = bench.state
    assert playing
    assert frame == 10_007 + (32_000 - first) % length


def test_a_loop_that_is_set_while_playing_takes_effect(bench: Bench, make_plan: MakePlan) -> None:
    bench.set_plan(make_plan())
    bench.transport.play()
    bench.take(5_000)
    bench.transport.set_loop(LoopPlan(start_frame=30_000, end_frame=40_000))
    heard = bench.take(60_000)
    assert 30_000 <= bench.state[1] < 40_000
    bench.transport.set_loop(None)
    bench.take(30_000)
    assert bench.state[1] > 40_000
    assert roughness(heard) < SMOOTH


def test_a_new_plan_takes_over_without_a_click(bench: Bench, make_plan: MakePlan) -> None:
    bench.set_plan(make_plan(gain=1.0))
    bench.transport.play()
    bench.take(3_000)
    heard = [bench.take(20_000)]
    changes: list[dict[str, object]] = [
        {"gain": 0.5},
        {"gain": 0.5, "high_pass_hz": 400.0},
        {"gain": 0.9, "pan": -0.7},
        {"gain": 0.9, "inserts": (InsertPlan(id="l", kind="limiter", parameters={"gain_db": 6.0}),)},
        {"gain": 0.9, "inserts": ()},
    ]
    for change in changes:
        bench.set_plan(make_plan(**change))
        heard.append(bench.take(20_000))
        position = bench.state[1]
        settled = render(make_plan(**change), start_frame=position - 20_000, frames=20_000)[:, -2_000:]
        # A limiter that works still remembers a little of how it was faded in.
        atol = 3e-3 if change.get("inserts") else 1e-6
        assert np.allclose(heard[-1][:, -2_000:], settled, atol=atol)
        assert roughness(heard[-1]) < SMOOTH


def test_the_end_of_the_plan_rings_out_and_then_stops(bench: Bench, make_plan: MakePlan) -> None:
    plan = make_plan(frames=20_000, inserts=(InsertPlan(id="d", kind="delay", parameters={"feedback": 0.3}),))
    bench.set_plan(plan)
    bench.transport.play()
    heard = [bench.take(21_500)]
    assert bench.state == (True, 20_000)
    for _ in range(2_000):
        heard.append(bench.take(480))
        if not bench.state[0]:
            break
    assert bench.state == (False, 20_000)
    heard.append(bench.take(3 * RATE))
    tail = np.concatenate(heard, axis=1)[:, 22_500:]
    assert np.abs(tail).max() > 0.05
    assert np.abs(tail[:, -480:]).max() < 1e-3
    # From the end it starts at the beginning again.
    bench.transport.play()
    bench.take(5_000)
    assert 3_000 < bench.state[1] <= 5_000


def test_without_a_plan_play_waits_for_one(bench: Bench, make_plan: MakePlan) -> None:
    bench.transport.play(10_000)
    bench.take(1_000)
    assert not bench.state[0]
    bench.set_plan(MixPlan(rate=RATE))
    bench.take(1_000)
    assert not bench.state[0]
    bench.set_plan(make_plan())
    bench.take(9_000)
    playing, position = bench.state
    assert playing
    assert 15_000 < position < 22_000
    assert np.allclose(bench.take(2_000), render(make_plan(), start_frame=position, frames=2_000), atol=1e-6)
    # A stop in between takes it back.
    bench.transport.stop()
    bench.set_plan(MixPlan(rate=RATE))
    bench.transport.play(0)
    bench.transport.stop()
    bench.set_plan(make_plan())
    bench.take(1_000)
    assert not bench.state[0]


def test_a_plan_of_another_rate_is_converted_and_keeps_its_time(bench: Bench, make_plan: MakePlan) -> None:
    bench.set_plan(make_plan())
    bench.transport.play(RATE)
    bench.take(RATE)
    bench.set_plan(make_plan(rate=44_100, frames=6 * 44_100))
    heard = bench.take(2 * RATE)[0]
    spectrum = np.abs(np.fft.rfft(heard[RATE:] * np.hanning(RATE)))
    assert abs(int(np.argmax(spectrum)) - 220) <= 1
    playing, frame = bench.state
    assert playing
    assert frame == pytest.approx(4 * 44_100, abs=44_100 * 0.2)


def test_alternatives_switch_in_step_at_their_level(bench: Bench, make_plan: MakePlan) -> None:
    from engine.playback.matching import matched

    plan = make_plan(gain=0.5)
    other = msgspec.structs.replace(
        make_plan(gain=0.5, high_pass_hz=200.0), tempo=(TempoPlan(frames_per_beat=10_000.0),)
    )
    bench.set_plan(plan)
    bench.call(lambda: bench.transport.prepare(Prepare("b", matched(other, 3.0), 99)))
    bench.transport.play()
    heard = [bench.take(25_000)]
    heard += bench.call(lambda: bench.transport.switch("b", "beat"))
    heard.append(bench.take(30_000))
    whole = np.concatenate(heard, axis=1)
    assert roughness(whole[:, 2_000:]) < SMOOTH
    start = find(whole, render(plan, frames=20_000)[:, 1_000:19_000]) - 1_000
    # On the beat: until its frame the one, soon after it the other, at the same place of the timeline.
    assert np.allclose(whole[:, start + 29_000 : start + 29_990], render(plan, frames=29_990)[:, 29_000:], atol=1e-5)
    wanted = render(matched(other, 3.0), frames=50_000)
    assert np.allclose(whole[:, start + 45_000 : start + 50_000], wanted[:, 45_000:], atol=2e-4)
    bench.follow()
    assert bench.telemetry.read()["alternative"].decode() == "b"
    # Behind the alternative the plan is exchanged without a sound.
    bench.set_plan(make_plan(gain=0.1))
    at = bench.state[1]
    assert np.allclose(bench.take(1_000), render(matched(other, 3.0), frames=at + 1_000)[:, at : at + 1_000], atol=2e-4)
    bench.call(lambda: bench.transport.drop("b"))
    bench.take(20_000)
    assert bench.telemetry.read()["alternative"].decode() == ""
    assert np.abs(bench.take(2_000)).max() == pytest.approx(0.05, rel=0.05)
    with pytest.raises(EngineError) as caught:
        bench.transport.switch("b", "now")
    assert caught.value.code == "alternative-unknown"


def test_a_count_in_clicks_and_then_plays_on_the_bar(bench: Bench, make_plan: MakePlan) -> None:
    plan = msgspec.structs.replace(make_plan(), tempo=(TempoPlan(frames_per_beat=2_000.0, beats_per_bar=4),))
    bench.set_plan(plan)
    bench.transport.play(8_000, count_in_bars=2)
    heard = bench.take(8_000)
    seen = bench.telemetry.read()
    assert bool(seen["counting_in"])
    assert int(seen["frame"]) == 8_000
    heard = np.concatenate([heard, bench.take(14_000)], axis=1)
    assert not bool(bench.telemetry.read()["counting_in"])
    start = find(heard, render(plan, start_frame=8_000, frames=3_000)[:, 300:]) - 300
    assert start - 16_000 < 2_000
    # Eight clicks before, none after.
    loud = np.abs(heard[0, : start - 300]) > 0.02
    clicks = np.flatnonzero(loud & ~np.roll(np.convolve(loud, np.ones(1_000))[: loud.size] > 0, 1))
    assert len(clicks) == 8
    assert np.allclose(np.diff(clicks), 2_000, atol=20)


def test_meters_show_what_is_heard(bench: Bench, make_plan: MakePlan) -> None:
    bench.set_plan(make_plan(gain=0.5))
    bench.transport.play()
    for _ in range(200):
        bench.take(960)
    seen = bench.telemetry.read()
    assert int(seen["serial"]) == bench.serial
    peak_l, peak_r, rms_l, rms_r, reduction, bad = seen["tracks"][0].tolist()
    assert peak_l == pytest.approx(0.25, abs=0.005)
    assert peak_r == pytest.approx(0.20, abs=0.005)
    assert rms_l == pytest.approx(0.25 / 2**0.5, rel=0.03)
    assert rms_r == pytest.approx(0.20 / 2**0.5, rel=0.03)
    assert (reduction, bad) == (0.0, 0.0)
    assert seen["master"].tolist() == pytest.approx([0.25, 0.20], abs=0.005)
    assert float(seen["lufs_m"]) == pytest.approx(float(seen["lufs_s"]), abs=0.1)
    assert float(seen["lufs_i"]) == pytest.approx(float(seen["lufs_s"]), abs=0.3)
    assert float(seen["true_peak_dbtp"]) == pytest.approx(20 * np.log10(0.25), abs=0.05)
    assert abs(float(seen["correlation"])) < 0.1
    assert float(seen["dsp_load"]) > 0.0


def test_a_track_that_is_no_number_is_muted_and_named(bench: Bench, make_plan: MakePlan, tmp_path: Path) -> None:
    from engine.io.pcm import write_pcm
    from engine.plan import ClipPlan, TrackPlan

    plan = make_plan()
    broken = np.full((2, RATE), np.nan, dtype=np.float32)
    clip = ClipPlan(pcm=write_pcm(broken, tmp_path / "nan.pcm", rate=RATE), start_frame=0, length_frames=RATE)
    plan = msgspec.structs.replace(plan, tracks=(*plan.tracks, TrackPlan(id="broken", clips=(clip,))))
    bench.set_plan(plan)
    bench.transport.play()
    heard = bench.take(5_000)
    assert np.isfinite(heard).all()
    assert np.abs(heard[0, 3_000:]).max() == pytest.approx(0.5, abs=0.01)
    rows = bench.telemetry.read()["tracks"]
    assert rows[0][5] == 0
    assert rows[1][5] > 0


def test_the_tap_shows_one_track(bench: Bench, make_plan: MakePlan) -> None:
    bench.set_plan(make_plan(gain=0.01))
    bench.transport.set_tap("tone")
    bench.transport.play()
    for _ in range(30):
        bench.take(960)
    level = float(bench.telemetry.read()["spectrum"].max())
    assert level == pytest.approx(20 * np.log10(0.005 * 0.5), abs=4.0)


def test_a_plan_that_cannot_be_played_leaves_the_old_one_playing(bench: Bench, make_plan: MakePlan) -> None:
    plan = make_plan()
    bench.set_plan(plan)
    bench.transport.play()
    bench.take(5_000)
    broken = make_plan(inserts=(InsertPlan(id="x", kind="no-such-effect"),))
    bench.set_plan(broken)
    assert "no-such-effect" in bench.transport.notice
    at = bench.state[1]
    assert np.allclose(bench.take(1_000), render(plan, start_frame=at, frames=1_000), atol=1e-6)
    bench.set_plan(plan)
    assert bench.transport.notice == ""


def test_a_sound_that_vanishes_is_silent_and_named_and_comes_back(bench: Bench, make_plan: MakePlan) -> None:
    plan = make_plan()
    path = Path(plan.tracks[0].clips[0].pcm.path)
    upkeep = Upkeep(bench.transport)
    bench.set_plan(plan)
    bench.transport.play()
    bench.take(9_600)
    upkeep.look_after_sources()
    assert (upkeep.notice, upkeep.lost) == ("", ())
    away = path.with_suffix(".away")
    path.rename(away)
    upkeep.look_after_sources()
    assert upkeep.lost == (str(path),)
    assert path.name in upkeep.notice
    bench.take(2_000)
    assert not bench.take(2_000).any()
    # An edit meanwhile is taken all the same.
    bench.set_plan(make_plan(gain=0.5))
    away.rename(path)
    upkeep.look_after_sources()
    assert upkeep.notice == ""
    bench.take(6_000)
    assert np.abs(bench.take(2_000)).max() == pytest.approx(0.25, rel=0.05)


def test_what_will_be_read_is_touched_ahead(make_plan: MakePlan) -> None:
    plan = make_plan()
    pool = SourcePool()
    assert prefetch(plan, pool, 1_000, 10_000) == 2 * 10_000
    assert prefetch(plan, pool, plan.length_frames - 100, 10_000) == 2 * 100
    assert prefetch(plan, pool, plan.length_frames, 10_000) == 0


def test_what_is_pulled_is_counted_as_what_is_rendered(bench: Bench, make_plan: MakePlan) -> None:
    bench.set_plan(make_plan())
    bench.transport.play()
    bench.take(12_345, block=77)
    session = bench.transport.session
    assert session is not None
    clock = bench.deck.word(words.CLOCK)
    assert round(bench.transport.places.tick_at(clock)) == session.tick
    assert round(bench.transport.places.clock_at(session.tick)) == clock
