"""Plans that follow each other while the session runs: what they share goes on, what changes is not heard to change."""

from __future__ import annotations

import ctypes

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.plan import (
    AutomationPlan,
    EqPlan,
    InsertPlan,
    LoopPlan,
    MixPlan,
    SendPlan,
    StripPlan,
    TrackPlan,
)
from engine.plan.flat.compile import compile_plan
from engine.plan.kernel import layout as L
from engine.plan.sources import SourcePool
from engine.types import Audio, PcmRef

from .conftest import FULL, RATE, Write, clip_of, mix_of, started


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


def test_a_group_that_stays_as_it_was_is_fetched_at_once() -> None:
    plain = tuple(TrackPlan(id=f"t{k}") for k in range(11))
    before = compile_plan(mix_of(*plain), pool=SourcePool())

    def moves(*tracks: TrackPlan) -> list[list[int]]:
        flat = compile_plan(mix_of(*tracks), pool=SourcePool(), previous=before)
        table = (ctypes.c_int64 * (4 * int(flat.words[L.P_MOVES]))).from_address(int(flat.words[L.P_MOVES_AT]))
        return np.ctypeslib.as_array(table).reshape(-1, 4)[:, [1, 3]].tolist()

    whole, lanes = [[-1, -1]], [[k, k] for k in range(8)]
    assert moves(*plain) == whole * 3, "eight tracks, three, and the master"
    assert moves(*plain, TrackPlan(id="new")) == whole + lanes[:3] + whole
    swapped = (plain[1], plain[0], *plain[2:])
    assert moves(*swapped) == [[1, 0], [0, 1], *lanes[2:]] + whole * 2
    # Those that have gone stay for as long as they fade out.
    assert moves(*plain[:10]) == whole * 3
    assert moves(*plain[1:])[:8] == [[k, k - 1] for k in range(1, 8)] + [[0, 7]]


def test_lanes_go_on_alike_one_by_one_and_as_a_group(noise: PcmRef) -> None:
    plan = mix_of(*(TrackPlan(id=f"t{k}", clips=(clip_of(noise, source_frame=k),), strip=FULL) for k in range(3)))
    lonely, together = started(plan)[0], started(plan)[0]
    beside = msgspec.structs.replace(plan, tracks=(*plan.tracks, TrackPlan(id="silent")))
    for live in (lonely, together):
        live.run(10_000)
    assert together.publish(plan)
    assert lonely.publish(beside)
    assert np.array_equal(together.run(4_000), lonely.run(4_000))


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
