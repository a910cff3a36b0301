"""The recipe: generator, loss, network and trainer. Needs the `train` extra; skipped where torch is absent."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra (torch)")

from onnx_models.training.separation import accompaniment, effects, export, form, leads, mixing, pool, synth, trainer  # noqa: E402
from onnx_models.training.separation.bands import BINS  # noqa: E402
from onnx_models.training.separation.live import LIVE_BINS, BandGru  # noqa: E402
from onnx_models.training.separation.long_bands import LongBandGru  # noqa: E402
from onnx_models.training.separation.loss import (  # noqa: E402
    FLOOR,
    SILENT_FLOOR,
    STEM_WEIGHTS,
    decibel_loss,
    distance_loss,
    reference,
)
from onnx_models.training.separation.pair import Pair, pair  # noqa: E402
from onnx_models.training.separation.trainer import NETWORKS, Run, Settings, begin  # noqa: E402

SMALL: dict[str, dict[str, Any]] = {
    "default": {"unet": {"width": 8}, "bands": {"width": 8}},
    "u-net": {"width": 8},
    "bands": {"width": 8, "ahead": True},
    "live": {"width": 8},
}


def bands(cache: Path, folder: Path, **more: Any) -> Settings:
    return Settings(cache=cache, out=folder / "run", minutes=0.0, model="bands", batch=1, threads=1, workers=0, **more)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A pool of three songs of noise."""
    folder = tmp_path / "pool"
    folder.mkdir()
    rng = np.random.default_rng(4)
    for index in range(3):
        song = rng.integers(-4000, 4000, (4, 2, 120_000)).astype("<i2")
        song.tofile(folder / f"song-{index:05d}.i16")
    return tmp_path


def test_the_fused_loss_is_the_plain_one() -> None:
    torch.manual_seed(0)
    logits = torch.randn(2, 4, 2, 24, 9, requires_grad=True)
    mix, rest = torch.rand(2, 2, 24, 9), torch.rand(2, 4, 2, 24, 9) * 0.1
    along = torch.randn(2, 4, 2, 24, 9) * 0.3
    plain, fused = reference(logits, mix, along, rest), distance_loss(logits, mix, along, rest)
    (wanted,) = torch.autograd.grad(plain, logits)
    (got,) = torch.autograd.grad(fused, logits)
    assert float(fused.detach()) == pytest.approx(float(plain.detach()), rel=1e-5)
    assert torch.allclose(got, wanted, atol=1e-9, rtol=1e-3)


def test_the_decibel_loss_counts_quiet_stems_as_loud_ones() -> None:
    # A logit that decides for the right stem lowers it as far for a stem of a tenth of the level.
    along = torch.zeros(1, 4, 2, 8, 4)
    along[:, 0], along[:, 1, :, 4:] = 1.0, 0.1
    along[:, 0, :, 4:] = 0.0
    mix = along.sum(1)
    blind = decibel_loss(torch.zeros(1, 4, 2, 8, 4), mix, along, torch.zeros_like(along))
    sure = 20.0 * (along > 0)
    right = decibel_loss(sure, mix, along, torch.zeros_like(along))
    # Two stems sound, two should not.
    floors = [math.log10(FLOOR)] * 2 + [math.log10(SILENT_FLOOR)] * 2
    assert float(right) == pytest.approx(np.average(floors, weights=STEM_WEIGHTS), abs=0.05)
    assert float(blind) > float(right) + 0.5


def small(model: str) -> Any:
    torch.manual_seed(0)
    return trainer.build(SMALL[model], model).eval()


@pytest.mark.parametrize("model", ["default", "u-net", "bands"])
@pytest.mark.parametrize("times", [5, 40])
def test_the_stems_of_the_network_sum_to_the_mixture(times: int, model: str) -> None:
    network = small(model)
    x = torch.randn(1, 4, 2049, times)
    with torch.no_grad():
        out = network(x)
    assert out.shape == (1, 4, 4, 2049, times)
    assert torch.allclose(out.sum(1), x, atol=1e-5)


@pytest.mark.parametrize("model", ["default", "live"])
def test_the_exported_graph_agrees_at_other_lengths(tmp_path: Path, model: str) -> None:
    network = small(model)
    export.write_graph(network, tmp_path / "m.onnx")
    assert export.parity(network, tmp_path / "m.onnx") < export.PARITY
    tested = export.selftest(network, tmp_path)
    assert next(tensor["name"] for tensor in tested["inputs"]) == "mixture"
    for tensor in [*tested["inputs"], *tested["outputs"]]:
        assert (tmp_path / tensor["member"]).stat().st_size == 4 * np.prod(tensor["shape"])


def test_soft_masks_are_less_sure() -> None:
    for model in ("u-net", "bands", "live"):
        network = small(model)
        x = torch.randn(1, 4, 1025, 4)
        with torch.no_grad():
            before = network.logits(x)
            export.soften(network, 2.0)
            assert torch.allclose(network.logits(x) * 2, before, atol=1e-4)
    with pytest.raises(ValueError, match="when it is made"):
        export.soften(small("default"), 2.0)


def test_a_pair_has_the_mean_of_the_masks_of_both(tmp_path: Path) -> None:
    unet, live = small("u-net"), small("live")
    common = {"step": 3, "minutes": 2.0, "heard_s": 60.0, "batches": 4}
    one = {"model": "u-net", "settings": unet.settings, "average": unet.state_dict(), **common}
    other = {"model": "live", "settings": live.settings, "average": live.state_dict(), **common}
    made = pair(one, other, share=0.25, softness=1.0)
    network = trainer.build(made["settings"], made["model"]).eval()
    network.load_state_dict(made["average"])
    assert isinstance(network, Pair)
    x = torch.randn(1, 4, BINS, 7)
    with torch.no_grad():
        wanted = 0.75 * torch.softmax(unet.logits(x), 1) + 0.25 * torch.softmax(network.bands.logits(x), 1)
        assert torch.allclose(torch.softmax(network.logits(x), 1), wanted, atol=1e-5)
    assert (made["step"], made["minutes"], made["heard_s"]) == (6, 4.0, 120.0)
    with pytest.raises(ValueError, match="from 0 to 1"):
        pair(one, other, share=1.5, softness=1.0)
    with pytest.raises(ValueError, match="not a U-Net"):
        pair(other, other, share=0.5, softness=1.0)


def test_a_kept_checkpoint_goes_on(cache: Path, tmp_path: Path) -> None:
    settings = bands(cache, tmp_path, sizes={"width": 8})
    run = Run(settings)
    run.train()
    state = torch.load(tmp_path / "run" / "last.pt", weights_only=True)
    export.keep(state, tmp_path / "kept.pt")
    network, read = export.load_network(tmp_path / "kept.pt")
    assert read["step"] == 1
    assert (tmp_path / "kept.pt").stat().st_size < 0.4 * (tmp_path / "run" / "last.pt").stat().st_size
    again = Run(settings)
    again.load(tmp_path / "kept.pt")
    for a, b in zip(network.parameters(), again.network.parameters(), strict=True):
        assert torch.equal(a, b)
        assert a.dtype == torch.float32


def test_a_network_grows_by_layers_that_begin_as_nothing(cache: Path, tmp_path: Path) -> None:
    settings = bands(cache, tmp_path, sizes={"width": 8})
    torch.manual_seed(3)
    short = LongBandGru(8, layers=1)
    run = Run(settings)
    run.save(tmp_path / "whole.pt", small=True)
    state = torch.load(tmp_path / "whole.pt", weights_only=True)
    torch.save(state | {"average": short.state_dict(), "settings": short.settings}, tmp_path / "short.pt")
    run.load(tmp_path / "short.pt")
    x = torch.randn(1, 4, BINS, 9)
    with torch.no_grad():
        for grown in (run.network, run.average):
            assert len(grown.layers) > 1
            assert torch.allclose(grown.eval().logits(x), short.eval().logits(x), atol=1e-5)
    for a, b in zip(run.network.parameters(), run.average.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_run_is_of_the_size_of_its_checkpoint_unless_told_otherwise(cache: Path, tmp_path: Path) -> None:
    settings = bands(cache, tmp_path)
    Run(replace(settings, sizes={"width": 8, "layers": 2})).save(tmp_path / "small.pt", small=True)
    same = begin(settings, tmp_path / "small.pt").network.settings
    assert (same["width"], same["layers"]) == (8, 2)
    assert begin(replace(settings, sizes={"layers": 3}), tmp_path / "small.pt").network.settings["layers"] == 3
    with pytest.raises(ValueError, match="another network"):
        begin(replace(settings, sizes={"layers": 1}), tmp_path / "small.pt")
    with pytest.raises(ValueError, match="another size"):
        begin(replace(settings, sizes={"width": 16}), tmp_path / "small.pt")


@pytest.mark.parametrize("torn", ["enter.weights.0", "layers.1.proj_t.weight"])
def test_a_checkpoint_of_another_network_is_refused(cache: Path, tmp_path: Path, torn: str) -> None:
    settings = bands(cache, tmp_path, sizes={"width": 8})
    run = Run(settings)
    run.save(tmp_path / "whole.pt", small=True)
    state = torch.load(tmp_path / "whole.pt", weights_only=True)
    state["average"].pop(torn)
    torch.save(state, tmp_path / "other.pt")
    with pytest.raises(ValueError, match="another network"):
        run.load(tmp_path / "other.pt")
    with pytest.raises(ValueError, match="another network"):
        trainer.build({"width": 32, "hidden": 64, "paths": 6}, "bands")
    Run(replace(settings, model="live")).save(tmp_path / "live.pt", small=True)
    with pytest.raises(ValueError, match="another network"):
        Run(replace(settings, model="live")).load(tmp_path / "whole.pt")


def test_the_live_network_hears_one_frame_at_a_time_as_it_hears_many() -> None:
    torch.manual_seed(0)
    network = BandGru(8, hidden=8, layers=2, inner=8).eval()
    x = torch.randn(1, 4, 1025, 9)
    with torch.no_grad():
        whole, after = network(x, network.empty())
        state, parts = network.empty(), []
        for time in range(9):
            part, state = network(x[..., time : time + 1], state)
            parts.append(part)
    assert torch.allclose(torch.cat(parts, -1), whole, atol=1e-5)
    assert torch.allclose(state, after, atol=1e-5)
    assert torch.allclose(whole.sum(1), x, atol=1e-5)
    assert network.logits(x).shape == (1, 4, 2, LIVE_BINS, 9)


def test_the_live_separator_carries_its_state_over_passages() -> None:
    torch.manual_seed(0)
    network = BandGru(8, hidden=8, layers=1, inner=8).eval()
    rng = np.random.default_rng(3)
    mixture = (rng.standard_normal((2, 60_000)) * 0.1).astype(np.float32)
    long, short = (trainer.separator(network, seconds=seconds)(mixture) for seconds in (5.0, 0.3))
    assert np.abs(long - short).max() < 1e-4
    assert np.abs(long.sum(0) - mixture).max() < 1e-3


@pytest.mark.parametrize("grid", [mixing.DEFAULT, mixing.LIVE])
def test_a_card_would_make_the_same_targets(cache: Path, grid: mixing.Grid) -> None:
    stems, curves = mixing.Mixer(cache, seed=1, grid=grid).waves(2)
    wanted = mixing.targets(stems, curves, grid)
    got = mixing.device_targets(torch.from_numpy(stems)[None], torch.from_numpy(curves)[None], grid)
    for a, b in zip(wanted, got, strict=True):
        assert np.allclose(a, b[0].numpy(), atol=2e-4)


def test_one_example_in_four_lacks_a_voice(cache: Path) -> None:
    mixer = mixing.Mixer(cache, seed=3)
    counts = [0, 0]
    for index in range(200):
        sounding = mixer._line_up(np.random.default_rng(index))  # pyright: ignore[reportPrivateUsage]
        counts[0] += 0 not in sounding
        counts[1] += len(sounding) == 1
    assert 40 < counts[0] < 75
    assert 6 < counts[1] < 30


def test_leads_are_drawn_from_the_pool(cache: Path) -> None:
    tone = (np.sin(np.arange(120_000) * 0.1) * 9000).astype("<i2")
    np.stack([tone, tone]).tofile(cache / "pool" / "lead-00000.i16")
    mixer = mixing.Mixer(cache, seed=3)
    mixer._look()  # pyright: ignore[reportPrivateUsage]
    assert np.array_equal(mixer._lead(np.random.default_rng(0))[0], tone)  # pyright: ignore[reportPrivateUsage]
    assert pool.leads(cache)


def test_a_bent_note_glides_to_its_pitch() -> None:
    rng = np.random.default_rng(1)
    source = np.sin(2 * np.pi * 440 * np.arange(3 * 22050) / 22050).astype(np.float32)
    note = leads._bend(  # pyright: ignore[reportPrivateUsage]
        np.stack([source, source]), 1.0, 1.0, rng, vibrato=0.0, scoop=0.0, glide=5.0
    )
    assert np.isfinite(note).all()

    def pitch(part: np.ndarray) -> float:
        size = np.abs(np.fft.rfft(part * np.hanning(part.size), 1 << 16))
        return float(size.argmax() * 22050 / (1 << 16))

    assert pitch(note[0, -4000:]) == pytest.approx(440, rel=0.01)
    assert pitch(note[0, :600]) > 470


def test_examples_are_a_function_of_seed_and_index(cache: Path) -> None:
    first, again, other = (mixing.Mixer(cache, seed=seed).example(5) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_targets_are_the_stems_seen_from_the_mixture(cache: Path) -> None:
    mix, size, along, rest = mixing.Mixer(cache, seed=1).example(0)
    assert mix.shape == (4, BINS, mixing.DEFAULT.frames)
    assert np.allclose(np.sqrt(mix[0] ** 2 + mix[1] ** 2), size[0], atol=1e-4)
    assert np.allclose(along.sum(0), size, atol=1e-3)
    assert (rest >= 0).all()


@pytest.mark.parametrize("model", list(NETWORKS))
def test_a_run_trains_saves_and_resumes(cache: Path, tmp_path: Path, model: str) -> None:
    settings = Settings(
        cache=cache, out=tmp_path / "run", minutes=0.0, model=model, sizes=SMALL[model], batch=1, threads=1, workers=0
    )
    run = Run(settings)
    run.train()
    assert run.step == 1
    whole = Run(settings)
    whole.load(tmp_path / "run" / "last.pt")
    assert whole.step == 1
    for a, b in zip(run.average.parameters(), whole.average.parameters(), strict=True):
        assert torch.equal(a, b)
    run.save(tmp_path / "small.pt", small=True)
    small = Run(settings)
    small.load(tmp_path / "small.pt")
    small.train()
    assert small.step == 2
    assert (tmp_path / "run" / "training.log").read_text(encoding="utf-8").count("minutes") == 1


def test_the_band_synthesiser_makes_finite_sound() -> None:
    rng = np.random.default_rng(1)
    for _ in range(12):
        note = synth.tone(synth.random_patch(rng), 57.0, 0.3, rng)
        assert np.isfinite(note).all()
        assert np.abs(note).max() > 1e-3
    for sound in (synth.kick(rng), synth.snare(rng), synth.hat(rng, is_open=True), synth.riser(rng, 0.5)):
        assert sound.shape[0] == 2
        assert np.isfinite(sound).all()


def test_effects_keep_shape_and_stay_finite() -> None:
    rng = np.random.default_rng(1)
    audio = (rng.standard_normal((2, 30_000)) * 0.1).astype(np.float32)
    made = [
        effects.bells(audio, rng),
        effects.compress(audio, rng),
        effects.drive(audio, 4.0),
        effects.reverb(audio, rng, seconds=0.5, wet=0.3),
        effects.delay(audio, rng, beat_s=0.4),
        effects.chorus(audio, rng),
        effects.sweep(audio, rng),
        effects.tremolo(audio, rng, beat_s=0.5),
        effects.cabinet(audio, rng),
        effects.duck(audio, [0.1, 0.6], rng),
        effects.pan(audio, -0.5),
        effects.widen(audio, 0.0),
    ]
    for out in made:
        assert out.shape == audio.shape
        assert out.dtype == np.float32
        assert np.isfinite(out).all()


def test_synthesiser_parts_sound_and_stay_in_bounds() -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        song = form.compose(rng)
        for part in (accompaniment.gated(song, rng), accompaniment.plucked(song, rng)):
            assert part.shape == (2, form.FRAMES)
            assert np.isfinite(part).all()
            assert 0.01 < float(np.sqrt((part**2).mean())) < 1.0


def test_songs_agree_on_their_form() -> None:
    first, again = form.compose(np.random.default_rng(3)), form.compose(np.random.default_rng(3))
    assert first == again
    assert 60 <= first.bpm <= 180
    assert first.bars * first.beats_per_bar * first.beat_s >= form.SECONDS
