"""Off line, plug-ins are waited for and heard in bounces, tracks and shares alike."""

from __future__ import annotations

import functools
from pathlib import Path

import msgspec
import numpy as np
import pytest

from engine.io.pcm import write_pcm
from engine.plan import ClipPlan, InsertPlan, MixPlan, PluginPlan, StripPlan, TrackPlan
from engine.plugins import rack
from engine.render import render, render_tracks, track_powers_task
from tests.unit.engine.plugins import lookahead_gain

RATE = 48_000


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MixPlan:
    """Half a second of a constant through a plug-in (a latent gain in a process of its own) at 0.25 of the input."""
    loader = f"{lookahead_gain.__name__}:load"
    monkeypatch.setattr(rack, "Rack", functools.partial(rack.Rack, loader=loader))
    pcm = write_pcm(np.full((2, RATE // 2), 0.5, np.float32), tmp_path / "a.f32", rate=RATE)
    insert = InsertPlan(id="v", kind="vst3", parameters={"gain": 0.25}, plugin=PluginPlan(path="gain.vst3"))
    clip = ClipPlan(id="c", pcm=pcm, start_frame=0, length_frames=RATE // 2)
    track = TrackPlan(id="t", clips=(clip,), strip=StripPlan(inserts=(insert,)))
    return MixPlan(rate=RATE, length_frames=RATE // 2, tracks=(track,))


def middle(sound: np.ndarray) -> float:
    return float(np.median(sound[:, RATE // 8 : RATE // 4]))


def test_a_bounce_waits_for_plug_ins(plan: MixPlan) -> None:
    dry = msgspec.structs.replace(plan, tracks=(msgspec.structs.replace(plan.tracks[0], strip=StripPlan()),))
    assert middle(render(dry, master=False)) == pytest.approx(0.5)
    wet = middle(render(plan, master=False))
    assert wet == pytest.approx(0.25, rel=1e-3)
    assert middle(render_tracks(plan)["t"]) == pytest.approx(wet)


def test_shares_hear_them_too(plan: MixPlan) -> None:
    found = track_powers_task(plan=plan, groups={"you": ["c"]})
    dry = msgspec.structs.replace(plan, tracks=(msgspec.structs.replace(plan.tracks[0], strip=StripPlan()),))
    loud = track_powers_task(plan=dry, groups={"you": ["c"]})
    assert found["mix"][0] == pytest.approx(loud["mix"][0] / 4.0, rel=0.05)


@pytest.mark.parametrize("where", ["bus", "master", "both"])
def test_a_bounce_has_plug_ins_of_buses_and_the_master_where_they_belong(plan: MixPlan, where: str) -> None:
    """A latent plug-in on the bus, on the master, or on both: a step stays where it is."""
    (track,) = plan.tracks
    insert = track.strip.inserts[0]
    strips = [
        StripPlan(inserts=(msgspec.structs.replace(insert, id=f"v{k}"),)) if where in (name, "both") else StripPlan()
        for k, name in enumerate(("bus", "master"))
    ]
    clip = msgspec.structs.replace(track.clips[0], start_frame=5_000)
    tracks = (
        TrackPlan(id="t", clips=(clip,), output="b"),
        TrackPlan(id="b", kind="bus", strip=strips[0]),
        TrackPlan(id="past", clips=(clip,)),
    )
    mix = msgspec.structs.replace(plan, tracks=tracks, master=strips[1], ceiling_dbtp=0.0)
    heard = render(mix)
    bus, past = (0.25 if where != "master" else 0.5), 0.5
    total = (bus + past) * (1.0 if where == "bus" else 0.5)
    assert middle(heard) == pytest.approx(total, rel=1e-3)
    assert np.flatnonzero(np.abs(heard[0]) > 0.5 * total)[0] == pytest.approx(5_000, abs=1)
