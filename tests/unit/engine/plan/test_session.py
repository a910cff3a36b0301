"""A session while it runs: plans that follow each other, the transport, the metronome, meters, sources that go."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.dsp import eq
from engine.dsp.dynamics import compress
from engine.plan import (
    AutomationPlan,
    CompressorPlan,
    EqPlan,
    InsertPlan,
    LoopPlan,
    MixPlan,
    SendPlan,
    StripPlan,
    TempoPlan,
    TrackPlan,
)
from engine.plan.flat.compile import compile_plan
from engine.plan.sources import SourcePool
from engine.render import render, render_tracks
from engine.types import Audio, PcmRef

from .conftest import RATE, Live, Write, clip_of, mix_of

FULL = StripPlan(high_pass_hz=40.0, eq=(EqPlan(gain_db=3.0),), compressor=CompressorPlan(threshold_db=-30.0, ratio=3.0))


def started(plan: MixPlan, frame: int = 0, *, pool: SourcePool | None = None) -> tuple[Live, Audio]:
    """A session that has just reached `frame`, and what left before."""
    live = Live(plan, pool=pool)
    live.session.play(frame)
    parts = [live.run(1)]
    while live.session.mode != "running":
        parts.append(live.run(1))
    return live, np.concatenate(parts, axis=1)


# -- plans -----------------------------------------------------------------------------------------------------------


def test_the_same_plan_again_changes_no_sample(noise: PcmRef) -> None:
    strip = msgspec.structs.replace(
        FULL, inserts=(InsertPlan(id="r", kind="reverb"), InsertPlan(id="l", kind="limiter"))
    )
    hall = TrackPlan(id="hall", kind="bus", strip=StripPlan(inserts=(InsertPlan(id="d", kind="delay"),)))
    plan = mix_of(TrackPlan(id="t", clips=(clip_of(noise),), strip=strip, sends=(SendPlan(bus="hall"),)), hall)
    whole, _ = started(plan)
    other, _ = started(plan)
    wanted = whole.run(20_000)
    parts: list[Audio] = []
    for _ in range(20):
        parts.append(other.run(1_000))
        assert other.publish(plan)
    assert np.array_equal(np.concatenate(parts, axis=1), wanted)
    assert other.session.swaps == 20


def test_a_second_plan_waits_until_the_first_has_been_taken(noise: PcmRef) -> None:
    plan = mix_of(TrackPlan(id="t", clips=(clip_of(noise),)))
    live, _ = started(plan)
    at = live.session.tick + 1_000
    assert live.publish(plan, at_tick=at)
    assert not live.publish(plan)
    live.run(999)
    assert live.session.pending
    live.run(2)
    assert not live.session.pending


def test_a_switch_at_a_tick_happens_there(write: Write) -> None:
    one = write(np.full((2, RATE), 0.25), name="one")
    live, _ = started(mix_of(TrackPlan(id="t", clips=(clip_of(one),))))
    late = live.session.newest.latency_frames  # type: ignore[union-attr]
    start = live.session.tick
    live.publish(mix_of(TrackPlan(id="t", clips=(clip_of(one),), strip=StripPlan(gain=0.5))), at_tick=start + 5_000)
    y = live.run(20_000)[0]
    assert np.allclose(y[: 5_000 + late - 1], 0.25, atol=1e-6)
    assert y[5_000 + late + 20] < 0.25
    assert y[-1] == pytest.approx(0.125, abs=1e-5)


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["gain", "pan", "eq", "inserts", "mute", "clips", "send", "route", "tracks", "seek", "loop"]),
        st.integers(0, 7),
        st.integers(100, 1_500),
    ),
    min_size=3,
    max_size=12,
)


def edited(plan: MixPlan, what: str, n: int, sine: PcmRef) -> MixPlan:
    track = next((t for t in plan.tracks if t.id == "t"), plan.tracks[0])
    strip = track.strip
    if what == "gain":
        strip = msgspec.structs.replace(strip, gain=n / 7)
    elif what == "pan":
        strip = msgspec.structs.replace(strip, pan=n / 3.5 - 1.0)
    elif what == "eq":
        strip = msgspec.structs.replace(
            strip,
            high_pass_hz=(0.0, 30.0, 80.0, 300.0)[n % 4],
            eq=(EqPlan(freq_hz=100.0 * (n + 1), gain_db=n - 4.0), EqPlan(kind="low_shelf", gain_db=4.0 - n)),
        )
    elif what == "inserts":
        kinds = ("delay", "reverb", "width", "lowpass", "chorus")
        chosen = [kind for k, kind in enumerate(kinds) if (n >> (k % 3)) & 1]
        if n % 2:
            chosen.reverse()
        strip = msgspec.structs.replace(strip, inserts=tuple(InsertPlan(id=kind, kind=kind) for kind in chosen))
    track = msgspec.structs.replace(track, strip=strip)
    if what == "mute":
        track = msgspec.structs.replace(track, audible=n % 2 == 0)
    elif what == "clips":
        track = msgspec.structs.replace(track, clips=(clip_of(sine, start_frame=37 * n, gain=1.0 - n / 14),))
    elif what == "send":
        track = msgspec.structs.replace(track, sends=(SendPlan(bus="bus", gain=n / 14, pre=n % 2 == 0),) if n else ())
    elif what == "route":
        track = msgspec.structs.replace(track, output="bus" if n % 2 else "")
    others = [t for t in plan.tracks if t.id not in ("t", "extra")]
    if what == "tracks" and n % 2:
        others.append(TrackPlan(id="extra", clips=(clip_of(sine),), strip=StripPlan(gain=0.3)))
    return msgspec.structs.replace(plan, tracks=(track, *others))


@given(edits=EDITS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_edits_keep_the_sound_finite_and_continuous(sine: PcmRef, edits: list[tuple[str, int, int]]) -> None:
    bus = TrackPlan(id="bus", kind="bus", strip=StripPlan(inserts=(InsertPlan(id="w", kind="width"),)))
    plan = mix_of(TrackPlan(id="t", clips=(clip_of(sine),), strip=StripPlan(gain=0.5)), bus, length_frames=4 * RATE)
    live, _ = started(plan, 1_000)
    live.run(500)
    parts: list[Audio] = []
    for what, n, frames in edits:
        if what == "seek":
            live.session.seek(3_000 * n)
        elif what == "loop":
            live.session.set_loop(LoopPlan(start_frame=500 * n, end_frame=500 * n + 20_000) if n % 2 else None)
        else:
            plan = edited(plan, what, n, sine)
            live.publish(plan)
        parts.append(live.run(frames, block=97))
    parts.append(live.run(4_000))
    y = np.concatenate(parts, axis=1)
    assert np.all(np.isfinite(y))
    assert np.abs(y).max() < 1.5
    # 200 Hz at 0.25 moves by 0.0065 a sample; a click would move by as much as the wave is high.
    assert np.abs(np.diff(y, axis=1)).max() < 0.05


def test_a_forced_click_would_be_seen(sine: PcmRef) -> None:
    live, _ = started(mix_of(TrackPlan(id="t", clips=(clip_of(sine),)), length_frames=4 * RATE), 1_000)
    y = live.run(5_000)
    y[:, 2_000 + int(np.argmax(np.abs(y[0, 2_000:2_300]))) :] *= -1.0
    assert np.abs(np.diff(y, axis=1)).max() > 0.05


def test_a_late_effect_comes_and_goes_without_a_click(sine: PcmRef) -> None:
    def plan(*inserts: InsertPlan) -> MixPlan:
        return mix_of(
            TrackPlan(id="t", clips=(clip_of(sine),), strip=StripPlan(inserts=inserts)), length_frames=4 * RATE
        )

    live, _ = started(plan(), 1_000)
    live.run(1_000)
    parts: list[Audio] = []
    late = InsertPlan(id="l", kind="limiter")
    for each in (plan(late), plan(late, InsertPlan(id="m", kind="limiter")), plan(), plan(late)):
        live.publish(each)
        parts.append(live.run(5_000))
    assert np.abs(np.diff(np.concatenate(parts, axis=1), n=2, axis=1)).max() < 0.005


@pytest.mark.parametrize("kind", ["delay", "chorus"])
@pytest.mark.parametrize("new_track", [False, True])
def test_the_first_echo_of_what_comes_begins_without_a_step(sine: PcmRef, kind: str, new_track: bool) -> None:
    """The line of a new effect is empty, and the sound that enters it has long begun."""

    def track(name: str, *inserts: InsertPlan) -> TrackPlan:
        return TrackPlan(id=name, clips=(clip_of(sine),), strip=StripPlan(gain=0.5, inserts=inserts))

    echo = InsertPlan(id="e", kind=kind, parameters={"mix": 0.5})
    # 1,060 is near a crest of the sine.
    live, _ = started(mix_of(track("t"), length_frames=4 * RATE), 1_060)
    live.publish(
        mix_of(*((track("t"), track("n", echo)) if new_track else (track("t", echo),)), length_frames=4 * RATE)
    )
    heard = live.run(20_000)
    assert np.abs(np.diff(heard, n=2, axis=1)).max() < 0.002


def test_an_effect_that_fades_in_while_the_next_plan_waits_leaves_without_a_click(sine: PcmRef) -> None:
    def plan(*inserts: InsertPlan) -> MixPlan:
        return mix_of(
            TrackPlan(id="t", clips=(clip_of(sine),), strip=StripPlan(inserts=inserts)), length_frames=4 * RATE
        )

    live, _ = started(plan(), 1_000)
    live.publish(plan(InsertPlan(id="s", kind="saturation", parameters={"drive_db": 12.0})))
    parts = [live.run(128)]
    # Compiled while the effect is not heard yet, published when it is.
    without = compile_plan(plan(), pool=live.pool, previous=live.session.newest)
    parts.append(live.run(4_000))
    live.session.publish(without)
    parts.append(live.run(4_000))
    assert np.abs(np.diff(np.concatenate(parts, axis=1), n=2, axis=1)).max() < 0.005


@pytest.mark.parametrize("target", ["gain_db", "pan", "mute", "send.bus.gain_db"])
def test_lanes_come_and_go_without_a_click(sine: PcmRef, target: str) -> None:
    bus = TrackPlan(id="bus", kind="bus")

    def plan(*values: float) -> MixPlan:
        lanes = (AutomationPlan(target=target, frames=(0, 4 * RATE), values=values),) if values else ()
        track = TrackPlan(
            id="t",
            clips=(clip_of(sine),),
            strip=StripPlan(gain=0.5, pan=0.2),
            sends=(SendPlan(bus="bus", gain=0.4),),
            automation=lanes,
        )
        return mix_of(track, bus, length_frames=4 * RATE)

    high = 0.0 if target.endswith("db") else 0.9
    live, _ = started(plan(), 1_000)
    parts = [live.run(2_000)]
    for values in ((high, high), (), (high, -high), (-high, -1.0), ()):
        live.publish(plan(*values))
        parts.append(live.run(1_000))
    y = np.concatenate([*parts, live.run(4_000)], axis=1)
    # The sine itself bends by 0.0002; a step of the fader by more than 0.02.
    assert np.abs(np.diff(y, n=2, axis=1)).max() < 0.002
    # What has died away leaves nothing behind: the end is the plan without lanes.
    fresh, _ = started(plan(), live.session.position - 1_000)
    assert np.abs(fresh.run(900) - y[:, -1_000:-100]).max() < 1e-3


# -- transport -------------------------------------------------------------------------------------------------------


def test_play_begins_on_its_first_sample_and_a_seek_leaves_its_target_untouched(noise: PcmRef) -> None:
    x = noise.open()
    live, before = started(mix_of(TrackPlan(id="t", clips=(clip_of(noise),))))
    assert not before.any()
    assert np.array_equal(live.run(5_000), x[:, :5_000])
    live.session.seek(30_000)
    assert live.session.playing
    while live.session.position < 30_000:
        live.run(1)
    at = live.session.position
    assert at == 30_000 or np.abs(at - 30_000) < 2
    assert np.array_equal(live.run(5_000), x[:, at : at + 5_000])


def test_stop_fades_and_the_clock_stands(noise: PcmRef) -> None:
    live, _ = started(mix_of(TrackPlan(id="t", clips=(clip_of(noise),))))
    live.run(4_000)
    live.session.stop()
    live.run(2_000)
    position = live.session.position
    assert live.session.mode == "stopped"
    assert 4_000 < position < 5_000
    assert not live.run(2_000).any()
    assert live.session.position == position
    live.session.play()
    live.run(2_000)
    assert live.session.position > position


@pytest.mark.parametrize("block", [64, 333, 5_000])
def test_a_loop_wraps_with_a_fade_before_its_end(noise: PcmRef, block: int) -> None:
    x = noise.open()
    loop = LoopPlan(start_frame=10_000, end_frame=15_000)
    live = Live(mix_of(TrackPlan(id="t", clips=(clip_of(noise),))))
    live.session.set_loop(loop)
    live.session.play(12_000)
    while live.session.mode != "running":
        live.run(1)
    at = live.session.position
    y = live.run(13_000, block)
    fade = int(live.session.words[6])
    untouched = 15_000 - fade - at
    assert np.array_equal(y[:, :untouched], x[:, at : 15_000 - fade])
    weight = np.arange(fade, 0, -1) / fade
    blend = x[:, 15_000 - fade : 15_000] * weight + x[:, 10_000 - fade : 10_000] * (1.0 - weight)
    assert np.abs(y[:, untouched : untouched + fade] - blend).max() < 1e-6
    first = untouched + fade
    assert np.array_equal(y[:, first : first + 5_000 - fade], x[:, 10_000 : 15_000 - fade])
    assert live.session.position == 10_000 + (at + 13_000 - 10_000) % 5_000


@pytest.mark.parametrize("seed", range(4))
def test_jumps_out_of_into_and_within_short_loops_never_step(sine: PcmRef, seed: int) -> None:
    """A loop of 15 ms fades over for a third of its time: jumps and other loops meet it everywhere."""
    rng = np.random.default_rng(seed)
    live = Live(mix_of(TrackPlan(id="t", clips=(clip_of(sine, fade_in_frames=300),)), length_frames=4 * RATE))
    live.session.play(0)
    parts = [live.run(1_000)]
    for _ in range(250):
        deed = rng.uniform()
        if deed < 0.5:
            live.session.seek(int(rng.integers(0, 4_000)))
        elif deed < 0.6:
            live.session.stop()
        elif deed < 0.7 or not live.session.playing:
            live.session.play(int(rng.integers(0, 4_000)))
        else:
            start = int(rng.integers(0, 2_000))
            live.session.set_loop(LoopPlan(start_frame=start, end_frame=start + int(rng.integers(500, 1_500))))
        parts.append(live.run(int(rng.integers(1, 2_000))))
    y = np.concatenate(parts, axis=1).astype(np.float64)
    assert np.abs(y).max() > 0.2
    # No fade of 5 ms bends sound of 0.25 by more.
    assert np.abs(np.diff(y, n=2, axis=1)).max() < 0.01


@pytest.mark.parametrize(("start", "end"), [(1_000, 1_001), (1_000, 1_100), (5, 6)])
def test_a_loop_of_next_to_nothing_is_played_and_left(sine: PcmRef, start: int, end: int) -> None:
    live = Live(mix_of(TrackPlan(id="t", clips=(clip_of(sine),)), length_frames=4 * RATE))
    live.session.set_loop(LoopPlan(start_frame=start, end_frame=end))
    live.session.play(0)
    live.run(10_000)
    assert start <= live.session.position < end
    for frame in (start, end - 1):
        live.session.seek(frame)
        live.run(3_000)
        assert start <= live.session.position < end
    live.session.seek(20_000)
    assert np.isfinite(live.run(3_000)).all()
    assert 20_000 < live.session.position < 24_000
    live.session.seek(start)
    live.run(3_000)
    live.session.set_loop(None)
    live.run(3_000)
    assert live.session.position > end


def test_the_metronome_clicks_on_the_beats_and_counts_in() -> None:
    tempo = (TempoPlan(frames_per_beat=12_000.0), TempoPlan(start_frame=48_000.0, frames_per_beat=6_000.0, beat=4.0))
    live = Live(MixPlan(rate=RATE, length_frames=2 * RATE, tempo=tempo))
    live.session.set_metronome(True, 0.0)
    live.session.play(0, count_in_frames=24_000)
    while live.session.mode == "stopped":
        live.run(1)
    assert live.session.mode == "counting"
    begin = live.session.position
    assert begin == -24_000
    y = np.abs(live.run(24_000 + 60_000)[0])
    loud = np.flatnonzero(y > 0.05)
    starts = loud[np.flatnonzero(np.diff(loud, prepend=-10_000) > 2_000)] + begin
    wanted = [-24_000, -12_000, 0, 12_000, 24_000, 36_000, 48_000, 54_000]
    assert np.abs(starts - wanted).max() < 20
    live.session.set_metronome(False)
    live.run(2_000)
    assert not live.run(12_000).any()


# -- what is heard ---------------------------------------------------------------------------------------------------


def test_meters_and_taps_tell_what_is_heard(write: Write) -> None:
    wave = 0.5 * np.sin(2 * np.pi * 1_000 * np.arange(RATE) / RATE)
    tone = write(np.stack([wave, 0.5 * wave]), name="tone")
    strip = StripPlan(compressor=CompressorPlan(threshold_db=-26.0, ratio=2.0))
    pair = TrackPlan(id="a", clips=(clip_of(tone),)), TrackPlan(id="b", clips=(clip_of(tone),), strip=strip)
    live, _ = started(mix_of(*pair))
    live.session.set_tap("a")
    _, since = live.session.read_tap("node")
    y = live.run(40_000)
    meters = live.session.meters()
    assert meters["a"].peak_left == pytest.approx(0.5, rel=1e-3)
    assert meters["a"].mean_right == pytest.approx(0.25**2 / 2, rel=0.1)
    assert meters["b"].reduction_db == pytest.approx(10.0, abs=0.7)
    assert set(meters) == {"a", "b", ""}
    tapped, _ = live.session.read_tap("node", since)
    assert tapped.shape == (2, 40_000)
    assert np.abs(tapped[0]).max() == pytest.approx(0.5, rel=1e-3)
    master, _ = live.session.read_tap("master", 0)
    assert np.array_equal(master[:, -40_000:], y)


def test_a_source_that_is_lost_falls_silent_and_comes_back(noise: PcmRef, write: Write) -> None:
    x = noise.open().copy()
    pool = SourcePool(tolerant=True)
    other = write(np.full((2, RATE), 0.1), name="other")
    plan = mix_of(TrackPlan(id="t", clips=(clip_of(noise),)), TrackPlan(id="u", clips=(clip_of(other),)))
    live, _ = started(plan, pool=pool)
    assert np.abs(live.run(2_000)).max() > 0.2
    assert pool.check() == ()
    Path(noise.path).unlink()
    assert [(notice.path, notice.state) for notice in pool.check()] == [(noise.path, "lost")]
    live.run(1_000)
    assert np.allclose(live.run(1_000), 0.1, atol=1e-6)
    # An edit meanwhile does no harm.
    assert live.publish(msgspec.structs.replace(plan, length_frames=2 * RATE))
    live.run(1_000)
    Path(noise.path).write_bytes(np.ascontiguousarray(x).tobytes())
    assert [notice.state for notice in pool.check()] == ["back"]
    live.run(1_000)
    assert np.abs(live.run(1_000)).max() > 0.2
    with Path(noise.path).open("r+b") as file:
        file.truncate(1_000)
    assert [notice.state for notice in pool.check()] == ["lost"]
    live.run(2_000)
    Path(other.path).replace(noise.path)
    assert [notice.path for notice in pool.check()] == [noise.path, other.path]


def test_a_plan_can_be_fetched_from_the_disk_ahead(noise: PcmRef) -> None:
    clips = (clip_of(noise, start_frame=10, reverse=True), clip_of(noise, start_frame=-5_000, source_frame=-300))
    live = Live(mix_of(TrackPlan(id="t", clips=clips)))
    assert live.session.newest is not None
    live.session.newest.prefetch(0, seconds=5.0)
    live.session.newest.prefetch(10**9, seconds=5.0)


# -- strips ----------------------------------------------------------------------------------------------------------


def test_filters_are_those_of_the_cookbook(noise: PcmRef) -> None:
    bands = (
        EqPlan(kind="low_shelf", freq_hz=60, gain_db=9),
        EqPlan(kind="peak", freq_hz=35, gain_db=-12, q=4.0),
        EqPlan(kind="peak", freq_hz=3_000, gain_db=6, q=0.7),
        EqPlan(kind="high_shelf", freq_hz=9_000, gain_db=-7),
    )
    strip = StripPlan(high_pass_hz=25.0, eq=bands)
    y = render(mix_of(TrackPlan(id="t", clips=(clip_of(noise),), strip=strip)), master=False)
    make = {"low_shelf": eq.low_shelf, "peak": eq.peak, "high_shelf": eq.high_shelf}
    rows = [eq.high_pass(25.0, rate=RATE), *(make[b.kind](b.freq_hz, b.gain_db, b.q, rate=RATE) for b in bands)]
    wanted, _ = eq.apply_sos(noise.open(), np.array(rows))
    assert np.abs(y - wanted).max() < 3e-6 * np.abs(wanted).max()


@pytest.mark.parametrize(("attack_s", "ratio"), [(0.01, 4.0), (0.0005, 2.0), (0.05, 20.0)])
def test_the_compressor_is_the_reference(write: Write, rng: np.random.Generator, attack_s: float, ratio: float) -> None:
    swells = np.abs(np.sin(2 * np.pi * 1.7 * np.arange(RATE) / RATE)) ** 3
    sound = write((rng.standard_normal((2, RATE)) * swells * 0.3).astype(np.float32), name="noise")
    compressor = CompressorPlan(threshold_db=-24.0, ratio=ratio, attack_s=attack_s, release_s=0.08, makeup_db=2.0)
    track = TrackPlan(id="t", clips=(clip_of(sound),), strip=StripPlan(compressor=compressor))
    y = render(mix_of(track), master=False)
    wanted, _ = compress(
        sound.open(), rate=RATE, threshold_db=-24.0, ratio=ratio, attack_s=attack_s, release_s=0.08, makeup_db=2.0
    )
    assert np.abs(y - wanted).max() < 2e-5 * np.abs(wanted).max()


def test_automated_gain_is_exact_to_the_sample(write: Write) -> None:
    one = write(np.full((2, RATE), 0.25), name="one")
    lane = AutomationPlan(target="gain_db", frames=(1_000, 5_000), values=(0.0, -20.0))
    send = AutomationPlan(target="send.bus.gain_db", frames=(0, 40_000), values=(-40.0, 0.0))
    # An insert that is late must not move the ramp.
    strip = StripPlan(inserts=(InsertPlan(id="l", kind="limiter"),))
    plan = mix_of(
        TrackPlan(id="t", clips=(clip_of(one),), strip=strip, automation=(lane,)),
        TrackPlan(id="s", clips=(clip_of(one),), sends=(SendPlan(bus="bus"),), automation=(send,)),
        TrackPlan(id="bus", kind="bus"),
    )
    tracks = render_tracks(plan)
    frame = np.arange(RATE)
    wanted = 0.25 * 10 ** (np.interp(frame, (1_000, 5_000), (0.0, -20.0)) / 20)
    assert np.abs(tracks["t"][0] - wanted).max() < 1e-6
    wanted = 0.25 * 10 ** (np.interp(frame, (0, 40_000), (-40.0, 0.0)) / 20)
    assert np.abs(tracks["bus"][0] - wanted).max() < 1e-6


def test_the_gain_of_a_tail_does_not_jump_while_the_transport_stands_for_a_moment(sine: PcmRef) -> None:
    """A stop and a start in a row leave a gap that is shorter than a chunk, in which only tails sound."""
    echo = InsertPlan(id="e", kind="delay", parameters={"mix": 0.5, "time_s": 0.05})
    lane = AutomationPlan(target="gain_db", frames=(0, 2 * RATE, 4 * RATE), values=(-40.0, 0.0, -40.0))
    track = TrackPlan(id="t", clips=(clip_of(sine),), strip=StripPlan(inserts=(echo,)), automation=(lane,))
    live, _ = started(mix_of(track, length_frames=4 * RATE), RATE)
    parts = [live.run(8_000)]
    for frame in (2 * RATE + 17, RATE + 33, 2 * RATE + 50):
        live.session.stop()
        parts.append(live.run(128))
        live.session.play(frame)
        parts.append(live.run(8_000))
    assert np.abs(np.diff(np.concatenate(parts, axis=1), n=2, axis=1)).max() < 0.004


def test_mute_automation_is_silence_without_a_click(write: Write) -> None:
    one = write(np.full((2, RATE), 0.25), name="one")
    lane = AutomationPlan(target="mute", frames=(0, 10_000, 20_000), values=(0.0, 1.0, 0.0), hold=True)
    y = render(mix_of(TrackPlan(id="t", clips=(clip_of(one),), automation=(lane,))), master=False)[0]
    assert np.allclose(y[:9_800], 0.25)
    assert not y[10_000:19_900].any()
    assert np.allclose(y[20_000:], 0.25)
    assert np.abs(np.diff(y)).max() < 0.01


def test_polarity_and_an_equal_track_cancel(noise: PcmRef) -> None:
    plan = mix_of(
        TrackPlan(id="a", clips=(clip_of(noise),)),
        TrackPlan(id="b", clips=(clip_of(noise),), strip=StripPlan(polarity=True)),
    )
    assert not render(plan, master=False).any()
