"""Off-line rendering: blocks, tracks, powers, and finished files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import numpy as np
import pyloudnorm
import pytest

from engine.dsp import effects
from engine.dsp.loudness import block_powers, integrated_lufs, true_peak_dbtp
from engine.dsp.resample import resample
from engine.dsp.watermark import detect
from engine.errors import Cancelled, EncodeError, EngineError
from engine.io.decode import decode
from engine.io.pcm import write_pcm
from engine.io.tags import read_tags
from engine.plan import ClipPlan, CompressorPlan, EqPlan, InsertPlan, LoopPlan, MixPlan, SendPlan, StripPlan, TrackPlan
from engine.plan.offline import OfflineRenderer
from engine.render import bounce_task, render, render_tracks, track_powers_task

SECONDS = 3
EQ = (EqPlan(kind="low_shelf", freq_hz=100, gain_db=3), EqPlan(freq_hz=2_000, gain_db=-4, q=2.0))


def busy_plan(folder: Path, rng: np.random.Generator, *, rate: int, level: float = 0.1) -> MixPlan:
    """One track per effect, each with the whole strip, fades and offsets."""
    frames = SECONDS * rate
    tracks: list[TrackPlan] = []
    for index, kind in enumerate(effects.EFFECTS):
        x = (rng.standard_normal((2, frames)) * level).astype(np.float32)
        x[:, :: rate // 2] += 0.5
        pcm = write_pcm(x, folder / f"{kind}.pcm", rate=rate)
        clip = ClipPlan(
            id=f"clip-{kind}",
            pcm=pcm,
            start_frame=1_000 * index,
            length_frames=frames - 1_000 * index,
            fade_in_frames=700,
            fade_out_frames=900,
            reverse=index % 2 == 1,
        )
        strip = StripPlan(
            gain=0.7,
            pan=0.2 * index - 0.5,
            high_pass_hz=60.0,
            eq=EQ,
            compressor=CompressorPlan(threshold_db=-24, ratio=3),
            inserts=(InsertPlan(id="i", kind=kind),),
        )
        tracks.append(TrackPlan(id=kind, clips=(clip,), strip=strip))
    master = StripPlan(eq=EQ, compressor=CompressorPlan(ratio=2))
    return MixPlan(rate=rate, length_frames=frames, tracks=tuple(tracks), master=master)


@pytest.fixture
def plan(tmp_path: Path, rng: np.random.Generator) -> MixPlan:
    folder = tmp_path / "sounds"
    folder.mkdir()
    return busy_plan(folder, rng, rate=48_000)


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_blocks_of_any_size_give_the_same_samples(tmp_path: Path, rng: np.random.Generator, rate: int) -> None:
    plan = busy_plan(tmp_path, rng, rate=rate)
    frames = rate
    reference = render(plan, frames=frames, block=4_096)
    assert np.sqrt(np.mean(reference**2)) > 0.03
    for block in (64, 256, 512, 1_024):
        assert np.abs(render(plan, frames=frames, block=block) - reference).max() < 1e-6
    renderer = OfflineRenderer(plan)
    at = 0
    while at < frames:
        part = np.empty((2, min(int(rng.integers(1, 2_000)), frames - at)), np.float32)
        renderer.process(part)
        assert np.abs(part - reference[:, at : at + part.shape[1]]).max() < 1e-6
        at += part.shape[1]


def test_tracks_add_up_to_the_mix_before_the_master(plan: MixPlan) -> None:
    tracks = render_tracks(plan, frames=48_000)
    assert set(tracks) == set(effects.EFFECTS)
    total = np.sum(list(tracks.values()), axis=0)
    assert np.abs(total - render(plan, frames=48_000, master=False)).max() < 1e-6


def test_a_loop_and_silent_tracks_leave_no_mark(plan: MixPlan) -> None:
    looped = msgspec.structs.replace(plan, loop=LoopPlan(start_frame=0, end_frame=10_000))
    assert np.array_equal(render(looped, frames=30_000), render(plan, frames=30_000))
    muted = msgspec.structs.replace(
        plan, tracks=tuple(msgspec.structs.replace(t, audible=t.id == "delay") for t in plan.tracks)
    )
    only = msgspec.structs.replace(plan, tracks=tuple(t for t in plan.tracks if t.id == "delay"))
    assert np.array_equal(render(muted, frames=30_000), render(only, frames=30_000))
    assert not render_tracks(muted, frames=5_000)["reverb"].any()


def test_no_true_peak_passes_the_ceiling(tmp_path: Path, rng: np.random.Generator) -> None:
    loud = busy_plan(tmp_path, rng, rate=48_000, level=2.0)
    assert true_peak_dbtp(render(loud), rate=48_000) <= -0.99
    assert true_peak_dbtp(render(loud, master=False), rate=48_000) > 0.0


def test_cancelling_stops_and_progress_ends_at_one(plan: MixPlan) -> None:
    seen: list[float] = []
    render(plan, frames=10_000, progress=lambda fraction, note: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    with pytest.raises(Cancelled):
        render(plan, cancelled=lambda: True)


def test_powers_are_those_of_the_summed_group(plan: MixPlan) -> None:
    groups = {"a": ["delay", "clip-chorus"], "b": ["reverb"], "nobody": ["not-there"]}
    powers = track_powers_task(plan=plan, groups=groups)
    tracks = render_tracks(plan)
    wanted = block_powers(tracks["delay"] + tracks["chorus"], rate=48_000)
    assert len(powers["mix"]) == len(wanted) == 8
    assert powers["groups"]["a"] == pytest.approx(wanted.tolist(), rel=1e-4)
    assert powers["groups"]["b"] == pytest.approx(block_powers(tracks["reverb"], rate=48_000).tolist(), rel=1e-4)
    assert powers["groups"]["nobody"] == [0.0] * 8
    mix = block_powers(render(plan, master=False), rate=48_000)
    assert powers["mix"] == pytest.approx(mix.tolist(), rel=1e-4)


def test_clips_of_one_track_can_belong_to_two_groups(tmp_path: Path, rng: np.random.Generator) -> None:
    pcm = write_pcm((rng.standard_normal((2, 48_000)) * 0.1).astype(np.float32), tmp_path / "x.pcm", rate=48_000)
    clips = tuple(ClipPlan(id=f"c{k}", pcm=pcm, start_frame=k * 48_000, length_frames=48_000) for k in range(2))
    plan = MixPlan(rate=48_000, length_frames=96_000, tracks=(TrackPlan(id="t", clips=clips),))
    powers = track_powers_task(plan=plan, groups={"first": ["c0"], "second": ["c1"]}, block_s=0.5)
    assert [value > 1e-3 for value in powers["groups"]["first"]] == [True, True, False, False]
    assert [value > 1e-3 for value in powers["groups"]["second"]] == [False, False, True, True]
    with pytest.raises(EngineError) as error:
        track_powers_task(plan=plan, groups={"first": ["c0"], "second": ["c0"]})
    assert error.value.code == "group-overlap"


def test_what_a_bus_gives_back_counts_for_whoever_fed_it(tmp_path: Path, rng: np.random.Generator) -> None:
    pcm = write_pcm((rng.standard_normal((2, 48_000)) * 0.1).astype(np.float32), tmp_path / "x.pcm", rate=48_000)
    clip = (ClipPlan(id="c", pcm=pcm, start_frame=0, length_frames=24_000),)
    hall = StripPlan(inserts=(InsertPlan(id="r", kind="reverb", parameters={"mix": 1.0, "decay_s": 4.0}),))
    plan = MixPlan(
        rate=48_000,
        length_frames=96_000,
        tracks=(
            TrackPlan(id="dry", clips=clip),
            TrackPlan(id="wet", clips=clip, sends=(SendPlan(bus="hall"),)),
            TrackPlan(id="hall", kind="bus", strip=hall),
        ),
    )
    powers = track_powers_task(plan=plan, groups={"a": ["dry"], "b": ["wet"]}, block_s=0.5)
    assert powers["groups"]["a"][1] < 1e-6
    assert powers["groups"]["b"][1] > 1e-5
    assert powers["mix"][1] == pytest.approx(powers["groups"]["b"][1], rel=1e-3)


def test_a_bounce_may_let_the_reverb_die_away(tmp_path: Path, rng: np.random.Generator) -> None:
    pcm = write_pcm((rng.standard_normal((2, 24_000)) * 0.1).astype(np.float32), tmp_path / "x.pcm", rate=48_000)
    hall = StripPlan(inserts=(InsertPlan(id="r", kind="reverb", parameters={"mix": 0.5, "decay_s": 1.0}),))
    track = TrackPlan(id="t", clips=(ClipPlan(pcm=pcm, start_frame=0, length_frames=24_000),), strip=hall)
    plan = MixPlan(rate=48_000, length_frames=24_000, tracks=(track,))
    cut = bounce_task(plan=plan, out_path=str(tmp_path / "cut.wav"))
    whole = bounce_task(plan=plan, out_path=str(tmp_path / "whole.wav"), tail_s=10.0)
    assert cut.frames == 24_000
    assert 24_000 + 36_000 < whole.frames < 24_000 + 5 * 48_000
    assert np.abs(decode(tmp_path / "whole.wav").samples[:, -2_000:]).max() < 1e-4
    assert render(plan, tail_s=0.5).shape == (2, 48_000)


def test_a_bounce_that_no_wav_file_holds_is_refused_at_once(tmp_path: Path, plan: MixPlan) -> None:
    with pytest.raises(EncodeError) as refused:
        bounce_task(plan=msgspec.structs.replace(plan, length_frames=1 << 30), out_path=str(tmp_path / "x.wav"))
    assert refused.value.code == "wav-too-long"
    assert list(tmp_path.glob("x*")) == []


TAGS = {"title": "A", "artist": "B", "isrc": "QZXXX2600001"}


@pytest.mark.parametrize(("format", "rate"), [("wav", 48_000), ("flac", 44_100), ("mp3", 44_100)])
@pytest.mark.parametrize("target", [-14.0, -20.0])
def test_a_bounce_meets_its_loudness_under_its_ceiling(
    tmp_path: Path, plan: MixPlan, format: str, rate: int, target: float
) -> None:
    path = tmp_path / f"mix.{format}"
    done = bounce_task(
        plan=plan,
        out_path=str(path),
        loudness_lufs=target,
        rate=rate,
        format=format,
        tags=TAGS,  # type: ignore[arg-type]
    )
    sound = decode(path)
    assert sound.rate == done.rate == rate
    assert sound.samples.shape[1] == done.frames == SECONDS * rate
    assert done.lufs == pytest.approx(target, abs=0.2)
    theirs = pyloudnorm.Meter(rate).integrated_loudness(sound.samples.T.astype(np.float64))
    assert theirs == pytest.approx(target, abs=0.3)
    assert done.true_peak_dbtp <= -1.0 + 0.02
    if format != "mp3":
        assert true_peak_dbtp(sound.samples, rate=rate) <= -1.0 + 0.02
    assert read_tags(path) == TAGS
    assert done.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == [path.name]


def test_a_bounce_without_a_target_is_what_the_player_plays(tmp_path: Path, plan: MixPlan) -> None:
    done = bounce_task(plan=plan, out_path=str(tmp_path / "x.wav"), loudness_lufs=None)
    back = decode(tmp_path / "x.wav").samples
    assert np.abs(back - render(plan)).max() <= 1.6 * 2.0**-23
    assert done.lufs == pytest.approx(integrated_lufs(back, rate=48_000), abs=0.01)
    again = bounce_task(plan=plan, out_path=str(tmp_path / "y.wav"), loudness_lufs=None)
    assert again.sha256 == done.sha256


def test_a_bounce_can_carry_a_mark(tmp_path: Path) -> None:
    song = Path(__file__).resolve().parents[3] / "resources" / "catalogue" / "paper-lanterns" / "mix.ogg"
    if not song.exists():
        pytest.skip("the demo catalogue has not been rendered")
    sound = decode(song)
    x = resample(sound.samples[:, 10 * sound.rate : 28 * sound.rate], from_rate=sound.rate, to_rate=48_000)
    pcm = write_pcm(x, tmp_path / "x.pcm", rate=48_000)
    clip = ClipPlan(pcm=pcm, start_frame=0, length_frames=pcm.frames)
    plan = MixPlan(length_frames=pcm.frames, tracks=(TrackPlan(id="t", clips=(clip,)),))
    mark = {"payload": 0x0123_4567_89AB_CDEF, "key": b"key"}
    done = bounce_task(plan=plan, out_path=str(tmp_path / "x.wav"), loudness_lufs=-14.0, watermark=mark)
    assert done.frames == pcm.frames
    assert done.lufs == pytest.approx(-14.0, abs=0.2)
    back = decode(tmp_path / "x.wav").samples
    seen = detect(back, rate=48_000, key=b"key")
    assert seen is not None
    assert seen.payload == mark["payload"]
    assert detect(back, rate=48_000, key=b"no") is None


def test_a_silent_mix_stays_silent(tmp_path: Path) -> None:
    done = bounce_task(plan=MixPlan(length_frames=48_000), out_path=str(tmp_path / "x.wav"), loudness_lufs=-14.0)
    assert done.lufs < -100.0
    assert np.abs(decode(tmp_path / "x.wav").samples).max() < 1e-6


def test_a_bounce_that_fails_leaves_nothing(tmp_path: Path, plan: MixPlan) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(Cancelled):
        bounce_task(plan=plan, out_path=str(out / "x.wav"), cancelled=lambda: True)
    with pytest.raises(EngineError) as empty:
        bounce_task(plan=MixPlan(), out_path=str(out / "x.wav"))
    assert empty.value.code == "mix-empty"
    with pytest.raises(EncodeError) as folder:
        bounce_task(plan=plan, out_path=str(out / "gone" / "x.wav"))
    assert folder.value.code == "path-not-writable"
    with pytest.raises(EncodeError) as format:
        bounce_task(plan=plan, out_path=str(out / "x.ogg"), format="ogg")  # type: ignore[arg-type]
    assert format.value.code == "format-unknown"
    assert list(out.iterdir()) == []
