"""Heavy effects on buses and the master: what plays there is rendered ahead, and lies where the dry sound lay."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from engine.plan import AutomationPlan, InsertPlan, MixPlan, SendPlan, StripPlan, TrackPlan
from engine.plan.flat.submix import NOWHERE, feeding
from engine.plan.offline import OfflineRenderer
from engine.types import Audio, PcmRef

from .conftest import RATE, Live, clip_of, mix_of
from .test_heavy import Factory, drive, publish

HALF = StripPlan(inserts=(InsertPlan(id="p", kind="vst3", parameters={"gain": 0.5}),))
ECHO = StripPlan(gain=0.8, high_pass_hz=80.0, inserts=(InsertPlan(id="e", kind="delay"),))
LATENT = StripPlan(inserts=(InsertPlan(id="l", kind="limiter"),))


def bounce(plan: MixPlan, frames: int, *, block: int = 3_000, threads: int = 1, start: int = 0) -> Audio:
    renderer = OfflineRenderer(plan, limit=False, threads=threads, heavy=Factory())
    try:
        renderer.seek(start)
        parts = [np.empty((2, min(block, frames - at)), np.float32) for at in range(0, frames, block)]
        for part in parts:
            renderer.process(part)
        return np.concatenate(parts, axis=1)
    finally:
        renderer.close()


def plain(plan: MixPlan) -> MixPlan:
    """The same without the heavy effect, whose gain the fader has."""

    def less(strip: StripPlan) -> StripPlan:
        kept = tuple(each for each in strip.inserts if each.kind != "vst3")
        share = 0.5 ** (len(strip.inserts) - len(kept))
        return msgspec.structs.replace(strip, inserts=kept, gain=strip.gain * share)

    tracks = tuple(msgspec.structs.replace(track, strip=less(track.strip)) for track in plan.tracks)
    return msgspec.structs.replace(plan, tracks=tracks, master=less(plan.master))


def one_bus(noise: PcmRef, sine: PcmRef, **bus: object) -> MixPlan:
    """Two tracks into a bus, one of them with an echo, a third past it, a latent one by a send."""
    return mix_of(
        TrackPlan(id="a", clips=(clip_of(noise),), strip=ECHO, output="bus"),
        TrackPlan(id="b", clips=(clip_of(sine),), output="bus", sends=(SendPlan(bus="other", gain=0.3),)),
        TrackPlan(id="c", clips=(clip_of(noise, reverse=True),)),
        TrackPlan(id="d", clips=(clip_of(sine, start_frame=3_000),), strip=LATENT, sends=(SendPlan(bus="bus"),)),
        TrackPlan(id="other", kind="bus"),
        TrackPlan(id="bus", kind="bus", **{"strip": HALF, **bus}),  # type: ignore[arg-type]
    )


def both_buses(noise: PcmRef, sine: PcmRef) -> MixPlan:
    """A heavy track into a heavy bus, all through a heavy master."""

    def half(name: str) -> StripPlan:
        return StripPlan(inserts=(InsertPlan(id=name, kind="vst3", parameters={"gain": 0.5}),))

    plan = one_bus(noise, sine)
    heavy = TrackPlan(id="h", clips=(clip_of(noise),), strip=half("ph"), output="bus")
    return msgspec.structs.replace(plan, tracks=(*plan.tracks, heavy), master=half("pm"))


@pytest.mark.parametrize("make", [one_bus, both_buses])
@pytest.mark.parametrize(("block", "threads", "start"), [(500, 1, 0), (16_384, 2, 0), (777, 1, 1_234)])
def test_a_render_has_the_effect_on_the_bus_and_all_in_its_place(
    noise: PcmRef, sine: PcmRef, make: object, block: int, threads: int, start: int
) -> None:
    plan = make(noise, sine)  # type: ignore[operator]
    found = bounce(plan, 30_000, block=block, threads=threads, start=start)
    assert np.abs(found).max() > 0.1
    assert np.abs(found - bounce(plain(plan), 30_000, start=start)).max() < 1e-5


def test_the_size_of_a_block_changes_nothing(noise: PcmRef, sine: PcmRef) -> None:
    plan = both_buses(noise, sine)
    assert np.array_equal(bounce(plan, 20_000, block=333), bounce(plan, 20_000, block=16_384, threads=2))


def test_play_back_is_the_render_after_starts_jumps_and_edits(noise: PcmRef, sine: PcmRef) -> None:
    plan, factory = one_bus(noise, sine), Factory()
    # Without memory in the tracks, so that a jump leaves nothing behind.
    bare = tuple(msgspec.structs.replace(t, strip=StripPlan()) if t.id == "a" else t for t in plan.tracks)
    plan = msgspec.structs.replace(plan, tracks=bare)
    wanted = bounce(plan, RATE)
    live = Live(mix_of(), pool=None)
    live.run(1_000)
    publish(live, msgspec.structs.replace(plan, ceiling_dbtp=0.0), factory)
    drive(live, 5_000)
    live.session.play(0)
    drive(live, 12_000)
    for frame in (20_000, 4_000):
        at = live.session.position
        assert np.abs(drive(live, 1_000) - wanted[:, at : at + 1_000]).max() < 1e-5
        live.session.seek(frame)
        drive(live, 6_000)
    # An edit of a track that plays into the bus is heard, late by what has been rendered ahead.
    quieter = tuple(msgspec.structs.replace(t, audible=t.id != "b") for t in plan.tracks)
    changed = msgspec.structs.replace(plan, tracks=quieter)
    publish(live, changed, factory)
    drive(live, 16_000)
    at = live.session.position
    after = bounce(changed, RATE)
    assert np.abs(after - wanted).max() > 0.05
    assert np.abs(drive(live, 1_000) - after[:, at : at + 1_000]).max() < 1e-5
    assert len(factory.made) == 1


def test_a_stream_that_is_late_leaves_the_bus_dry_and_in_time(noise: PcmRef, sine: PcmRef) -> None:
    plan = one_bus(noise, sine)
    live = Live(mix_of())
    live.run(1_000)
    publish(live, plan, Factory())
    live.session.play(0)
    live.run(12_000)
    at = live.session.position
    without = tuple(msgspec.structs.replace(t, strip=StripPlan()) if t.id == "bus" else t for t in plan.tracks)
    dry = bounce(msgspec.structs.replace(plan, tracks=without), RATE)
    assert np.abs(live.run(1_000) - dry[:, at : at + 1_000]).max() < 1e-5


def test_a_loop_is_followed(sine: PcmRef) -> None:
    plan = mix_of(TrackPlan(id="a", clips=(clip_of(sine),), output="bus"), TrackPlan(id="bus", kind="bus", strip=HALF))
    from engine.plan import LoopPlan

    loop = LoopPlan(start_frame=1_000, end_frame=7_000)
    heard = bounce(msgspec.structs.replace(plan, loop=loop), 20_000, block=900)
    wanted = bounce(msgspec.structs.replace(plain(plan), loop=loop), 20_000, block=900)
    assert np.abs(heard - wanted).max() < 1e-6


def test_automation_of_the_effect_and_mute_of_the_bus(noise: PcmRef, sine: PcmRef) -> None:
    lane = AutomationPlan(target="insert.p.gain", frames=(0, 10_000, 10_001), values=(0.5, 0.5, 0.25))
    tracks = (TrackPlan(id="b", clips=(clip_of(sine),), output="bus"),)
    bus = TrackPlan(id="bus", kind="bus", strip=HALF, automation=(lane,))
    y, x = bounce(mix_of(*tracks, bus), 20_000), sine.open()
    assert np.abs(y[:, :9_000] - 0.5 * x[:, :9_000]).max() < 1e-6
    assert np.abs(y[:, 11_000:] - 0.25 * x[:, 11_000:20_000]).max() < 1e-6
    assert not bounce(mix_of(*tracks, msgspec.structs.replace(bus, audible=False)), 9_000).any()


def test_what_feeds_a_bus_is_what_plays_into_it_and_nothing_else(noise: PcmRef, sine: PcmRef) -> None:
    part = feeding(one_bus(noise, sine), "bus")
    assert [(track.id, track.output) for track in part.tracks] == [
        ("a", "bus"),
        ("b", "bus"),
        ("d", NOWHERE),
        ("bus", ""),
        (NOWHERE, ""),
    ]
    assert part.tracks[1].sends == ()
    assert [send.bus for send in part.tracks[2].sends] == ["bus"]
    assert part.tracks[3].strip == StripPlan()
    assert not part.tracks[4].audible
