"""Training on another machine: what is packed comes out again, and a slice leaves what the next one needs."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra (torch)")

import soundfile  # noqa: E402

from onnx_models.training.separation import bundle, library, mixing, pool  # noqa: E402


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A built kit of three files (two mono, one stereo) and a pool of two songs."""
    folder = tmp_path / "cache"
    (folder / "pool").mkdir(parents=True)
    time = np.arange(12_000) / library.RATE
    sounds = [
        np.sin(2 * np.pi * 330 * time)[:, None] * 0.5,
        np.stack([np.sin(2 * np.pi * 110 * time), np.sin(2 * np.pi * 220 * time)], 1) * 0.4,
        np.sin(2 * np.pi * 880 * time)[:9000, None] * 0.3,
    ]
    rows, start = [], 0
    with (folder / "library.i16").open("wb") as out:
        for number, sound in enumerate(sounds):
            data = np.round(sound * 32767).astype("<i2")
            out.write(data.tobytes())
            rows.append(
                {
                    "path": f"keys/thing/{number}.flac",
                    "kind": "keys",
                    "folder": "thing",
                    "note": 60,
                    "velocity": "hard",
                    "start": start,
                    "frames": data.shape[0],
                    "channels": data.shape[1],
                    "world": "",
                }
            )
            start += data.size
    (folder / "library.json").write_text(json.dumps(rows), encoding="utf-8")
    rng = np.random.default_rng(4)
    for index in range(2):
        rng.integers(-4000, 4000, (4, 2, 120_000)).astype("<i2").tofile(folder / "pool" / f"song-{index:05d}.i16")
        rng.integers(-4000, 4000, (2, 120_000)).astype("<i2").tofile(folder / "pool" / f"voice-{index:05d}.i16")
    return folder


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    folder = tmp_path / "audio" / "stems"
    folder.mkdir(parents=True)
    soundfile.write(folder / "drums.ogg", np.zeros((2000, 2)), 44_100)
    return folder.parent


def test_a_packed_kit_comes_out_in_its_places(cache: Path, audio: Path, tmp_path: Path) -> None:
    size = bundle.pack(cache, audio, tmp_path / "bundle", quality=0.5)
    assert 1000 < size < 200_000
    assert (tmp_path / "bundle" / "audio" / "stems" / "drums.ogg").exists()
    bundle.unpack(tmp_path / "bundle", tmp_path / "there", processes=1)
    before, after = library.Library(cache), library.Library(tmp_path / "there")
    assert [entry.path for entry in before.entries] == [entry.path for entry in after.entries]
    for first, second in zip(before.entries, after.entries, strict=True):
        a, b = before.samples(first), after.samples(second)
        assert a.shape == b.shape
        assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.99


def test_a_bundle_cut_short_is_refused(cache: Path, audio: Path, tmp_path: Path) -> None:
    bundle.pack(cache, audio, tmp_path / "bundle", quality=0.5)
    soundfile.write(tmp_path / "bundle" / "kit-1.ogg", np.zeros((500, 1)), library.RATE, subtype="VORBIS")
    with pytest.raises(SystemExit, match="pack it again"):
        bundle.unpack(tmp_path / "bundle", tmp_path / "there", processes=1)


def test_a_slice_leaves_a_checkpoint_that_the_next_goes_on_from(cache: Path, audio: Path, tmp_path: Path) -> None:
    bundle.pack(cache, audio, tmp_path / "bundle")
    options = argparse.Namespace(
        bundle=tmp_path / "bundle",
        cache=cache,
        out=tmp_path / "out",
        minutes=0.0,
        songs=0,
        leads=0,
        voices=0,
        sung=0,
        render_share=0.0,
        processes=1,
        workers=0,
        threads=1,
        model="live",
        width=8,
        batch=1,
        rate=1e-3,
        final_rate=1e-4,
        device="cpu",
        judge=False,
    )
    for step in (1, 2):
        bundle.train(options)
        state = torch.load(tmp_path / "out" / "checkpoint.pt", weights_only=True)
        assert state["step"] == step
        assert "optimizers" not in state
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["checkpoint.pt", "training.log"]


def test_raw_batches_hold_what_a_card_needs(cache: Path) -> None:
    data = mixing.Mixtures(cache, seed=1, batch=2, first=0, grid=mixing.LIVE, raw=True)
    stems, curves = next(iter(data))
    assert stems.shape == (2, 4, 2, mixing.LIVE.segment)
    assert stems.dtype == torch.float16
    assert torch.isfinite(stems.float()).all()
    assert curves.shape == (2, 4, mixing.LIVE.bins)
    made = mixing.device_targets(stems, curves, mixing.LIVE)
    wanted = next(iter(mixing.Mixtures(cache, seed=1, batch=2, first=0, grid=mixing.LIVE)))
    for a, b in zip(made, wanted, strict=True):
        # Half precision costs three digits, and a phase where the mixture cancels.
        assert float((a - b).abs().mean()) < 2e-3 * float(b.abs().mean())
    assert pool.listing(cache)
