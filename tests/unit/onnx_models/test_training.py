"""The recipe: generator, loss, network and trainer. Needs the `train` extra; skipped where torch is absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra (torch)")

from onnx_models.training.separation import effects, export, form, mixing, synth  # noqa: E402
from onnx_models.training.separation.loss import distance_loss, reference  # noqa: E402
from onnx_models.training.separation.network import BINS, SubTdf  # noqa: E402
from onnx_models.training.separation.trainer import Run, Settings  # noqa: E402


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
    assert float(fused) == pytest.approx(float(plain), rel=1e-5)
    assert torch.allclose(got, wanted, atol=1e-9, rtol=1e-3)


@pytest.mark.parametrize("times", [5, 40])
def test_the_stems_of_the_network_sum_to_the_mixture(times: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 4, 2049, times)
    with torch.no_grad():
        out = SubTdf(8).eval()(x)
    assert out.shape == (1, 4, 4, 2049, times)
    assert torch.allclose(out.sum(1), x, atol=1e-5)


def test_the_exported_graph_agrees_at_other_lengths(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = SubTdf(8).eval()
    export.write_graph(network, tmp_path / "m.onnx")
    assert export.parity(network, tmp_path / "m.onnx") < export.PARITY


def test_examples_are_a_function_of_seed_and_index(cache: Path) -> None:
    first, again, other = (mixing.Mixer(cache, seed=seed).example(5) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_targets_are_the_stems_seen_from_the_mixture(cache: Path) -> None:
    mix, size, along, rest = mixing.Mixer(cache, seed=1).example(0)
    assert mix.shape == (4, BINS, mixing.FRAMES)
    assert np.allclose(np.sqrt(mix[0] ** 2 + mix[1] ** 2), size[0], atol=1e-4)
    assert np.allclose(along.sum(0), size, atol=1e-3)
    assert (rest >= 0).all()


def test_a_run_trains_saves_and_resumes(cache: Path, tmp_path: Path) -> None:
    settings = Settings(cache=cache, out=tmp_path / "run", minutes=0.0, width=8, batch=1, threads=1, workers=0)
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


def test_songs_agree_on_their_form() -> None:
    first, again = form.compose(np.random.default_rng(3)), form.compose(np.random.default_rng(3))
    assert first == again
    assert 60 <= first.bpm <= 180
    assert first.bars * first.beats_per_bar * first.beat_s >= form.SECONDS
