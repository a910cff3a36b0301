"""The runner: identities that must hold for any model, then what the shipped one reaches on real music."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import Cancelled, EncodeError, EngineError, InferenceError, PackError
from engine.inference import stem_files
from engine.inference.separation import SeparationResult, separate_pcm
from engine.io.decode import fold_matrix
from engine.types import STEMS, Audio, PcmRef
from tests.samples.packs import SHARES, edit, shares_graph, write_pack

DEFAULT = Path(__file__).resolve().parents[4] / "onnx_models" / "separation-default"


def pcm_of(samples: Audio, path: Path, *, rate: int = 44100) -> PcmRef:
    samples.astype("<f4").tofile(path)
    return PcmRef(path=str(path), rate=rate, channels=samples.shape[0], frames=samples.shape[1])


def split(samples: Audio, folder: Path, pack: Path, *, rate: int = 44100, **more: Any) -> SeparationResult:
    pcm = pcm_of(samples, folder / "mixture.f32", rate=rate)
    options: dict[str, Any] = {"progress": lambda fraction, note: None, "cancelled": lambda: False} | more
    return separate_pcm(pcm=pcm, out_dir=str(folder / "stems"), pack_dir=str(pack), provider="cpu", **options)


def stems_of(result: SeparationResult) -> Audio:
    return np.stack([np.array(ref.open()) for ref in result.stems.values()])


def peak_db(values: Any) -> float:
    return 20.0 * float(np.log10(np.abs(values).max() + 1e-12))


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return write_pack(tmp_path / "shares")


def noise(rng: np.random.Generator, channels: int, frames: int) -> Audio:
    return (rng.standard_normal((channels, frames)) * 0.1).astype(np.float32)


@pytest.mark.parametrize("frames", [1, 4410, 44100, 150_000])
def test_known_shares_come_out_exactly(tmp_path: Path, pack: Path, rng: np.random.Generator, frames: int) -> None:
    mixture = noise(rng, 2, frames)
    result = split(mixture, tmp_path, pack)
    stems = stems_of(result)
    assert list(result.stems) == list(STEMS)
    assert stems.shape == (4, 2, frames)
    for stem, share in zip(stems, SHARES, strict=True):
        assert peak_db(stem - share * mixture) < -100
    assert result.sum_error_db < -120


@pytest.mark.parametrize("times", [64, 20])
def test_graphs_of_fixed_length_are_fed_to_the_full(tmp_path: Path, rng: np.random.Generator, times: int) -> None:
    fixed = write_pack(tmp_path / "fixed", times=times, chunk={"hops": times, "overlap_hops": 8})
    mixture = noise(rng, 2, 30_000)
    stems = stems_of(split(mixture, tmp_path, fixed))
    assert peak_db(stems[3] - 0.4 * mixture) < -100


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000])
def test_any_rate_keeps_length_and_sum(tmp_path: Path, pack: Path, rng: np.random.Generator, rate: int) -> None:
    mixture = noise(rng, 2, int(rate * 1.37) + 1)
    result = split(mixture, tmp_path, pack, rate=rate)
    stems = stems_of(result)
    assert stems.shape == (4, *mixture.shape)
    assert all(ref.rate == rate for ref in result.stems.values())
    assert peak_db(stems.sum(0, dtype=np.float64) - mixture) < -100
    assert result.sum_error_db < -100


def test_a_rate_without_a_common_beat_works_with_a_real_model(tmp_path: Path, rng: np.random.Generator) -> None:
    mixture = noise(rng, 2, 60_000)
    stems = stems_of(split(mixture, tmp_path, DEFAULT, rate=48_017))
    assert stems.shape == (4, *mixture.shape)
    assert peak_db(stems.sum(0, dtype=np.float64) - mixture) < -100


def test_a_rate_that_short_passages_cannot_meet_is_named(tmp_path: Path, pack: Path, rng: np.random.Generator) -> None:
    with pytest.raises(InferenceError) as caught:
        split(noise(rng, 2, 60_000), tmp_path, pack, rate=48_017)
    assert code_of(caught) == "audio-rate"
    assert not (tmp_path / "stems").exists()


def test_resampling_does_not_move_the_stems(tmp_path: Path, pack: Path) -> None:
    time = np.arange(48_000) / 48_000
    tone = np.sin(2 * np.pi * 440 * time) * np.hanning(48_000) * 0.5
    mixture = np.stack([tone, tone]).astype(np.float32)
    stems = stems_of(split(mixture, tmp_path, pack, rate=48_000))
    for stem, share in zip(stems, SHARES, strict=True):
        assert peak_db(stem - share * mixture) < -70


def test_mono_fills_both_sides(tmp_path: Path, pack: Path, rng: np.random.Generator) -> None:
    mixture = noise(rng, 1, 20_000)
    stems = stems_of(split(mixture, tmp_path, pack))
    assert stems.shape == (4, 2, 20_000)
    assert np.array_equal(stems[:, 0], stems[:, 1])
    assert peak_db(stems.sum(0, dtype=np.float64) - mixture) < -100


@pytest.mark.parametrize("level", [1e-4, 1.0, 8.0])
def test_the_level_of_the_track_changes_nothing_but_the_level(
    tmp_path: Path, pack: Path, rng: np.random.Generator, level: float
) -> None:
    mixture = noise(rng, 2, 20_000) * np.float32(level)
    stems = stems_of(split(mixture, tmp_path, pack))
    assert peak_db((stems[1] - 0.2 * mixture) / level) < -100


def test_silence_gives_silence(tmp_path: Path) -> None:
    result = split(np.zeros((2, 44_100), np.float32), tmp_path, DEFAULT)
    assert not stems_of(result).any()
    assert result.sum_error_db == -200.0


def test_silence_before_music_stays_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    mixture = np.concatenate([np.zeros((2, 60_000), np.float32), noise(rng, 2, 30_000)], axis=1)
    stems = stems_of(split(mixture, tmp_path, DEFAULT))
    assert np.isfinite(stems).all()
    assert peak_db(stems[:, :, :50_000]) < -120


@pytest.mark.parametrize("kind", ["offset", "clipped", "one-sided", "tiny"])
def test_odd_sounds_keep_the_sum(tmp_path: Path, rng: np.random.Generator, kind: str) -> None:
    mixture = noise(rng, 2, 20_000)
    if kind == "offset":
        mixture[:] = 0.5
    elif kind == "clipped":
        mixture = np.clip(mixture * 100, -1, 1)
    elif kind == "one-sided":
        mixture[1] = 0
    else:
        mixture = mixture[:, :4410]
    result = split(mixture, tmp_path, DEFAULT)
    stems = stems_of(result)
    assert np.isfinite(stems).all()
    assert peak_db(stems.sum(0, dtype=np.float64) - mixture) < -100


def test_the_result_says_what_did_it(tmp_path: Path, pack: Path, rng: np.random.Generator) -> None:
    seen: list[float] = []
    result = split(noise(rng, 2, 90_000), tmp_path, pack, progress=lambda fraction, note: seen.append(fraction))
    assert (result.model_id, result.model_version, result.provider) == ("shares", "1.0.0", "cpu")
    assert len(result.model_digest) == 64
    assert 0 < result.first_stem_s <= result.elapsed_s
    assert result.rtf == pytest.approx(result.elapsed_s / (90_000 / 44_100))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    for ref in result.stems.values():
        assert hashlib.sha256(Path(ref.path).read_bytes()).hexdigest() == ref.digest
    assert sorted(path.name for path in (tmp_path / "stems").iterdir()) == sorted(f"{name}.f32" for name in STEMS)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, rng: np.random.Generator) -> None:
    mixture = noise(rng, 2, 50_000)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = split(mixture, tmp_path / "a", DEFAULT), split(mixture, tmp_path / "b", DEFAULT)
    assert [ref.digest for ref in first.stems.values()] == [ref.digest for ref in second.stems.values()]


def test_an_existing_folder_keeps_its_other_files(tmp_path: Path, pack: Path, rng: np.random.Generator) -> None:
    (tmp_path / "stems").mkdir()
    (tmp_path / "stems" / "notes.txt").write_text("keep", encoding="utf-8")
    split(noise(rng, 2, 5000), tmp_path, pack)
    assert (tmp_path / "stems" / "notes.txt").read_text(encoding="utf-8") == "keep"
    assert (tmp_path / "stems" / "vocals.f32").is_file()


def after(calls: int) -> Callable[[], bool]:
    """A poll that turns true at the n-th look."""
    left = [calls]

    def poll() -> bool:
        left[0] -= 1
        return left[0] < 0

    return poll


@pytest.mark.parametrize("calls", [0, 1, 3])
def test_cancel_leaves_nothing(tmp_path: Path, pack: Path, rng: np.random.Generator, calls: int) -> None:
    with pytest.raises(Cancelled):
        split(noise(rng, 2, 300_000), tmp_path, pack, cancelled=after(calls))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mixture.f32", "shares"]


def test_what_a_killed_worker_left_is_tidied_up(tmp_path: Path, pack: Path, rng: np.random.Generator) -> None:
    (tmp_path / ".stems.part-99").mkdir()
    (tmp_path / ".stems.part-99" / "vocals.f32").write_bytes(b"half")
    split(noise(rng, 2, 5000), tmp_path, pack)
    assert not (tmp_path / ".stems.part-99").exists()


def code_of(caught: pytest.ExceptionInfo[EngineError]) -> str:
    return caught.value.code


def test_values_that_are_no_sound_are_named(tmp_path: Path, pack: Path) -> None:
    mixture = np.zeros((2, 5000), np.float32)
    mixture[1, 77] = np.nan
    with pytest.raises(InferenceError) as caught:
        split(mixture, tmp_path, pack)
    assert code_of(caught) == "audio-not-finite"
    assert not (tmp_path / "stems").exists()


@pytest.mark.parametrize("channels", [3, 6])
def test_more_channels_are_folded_to_stereo_as_files_are(
    tmp_path: Path, pack: Path, rng: np.random.Generator, channels: int
) -> None:
    mixture = noise(rng, channels, 20_000)
    stems = stems_of(split(mixture, tmp_path, pack))
    assert stems.shape == (4, 2, 20_000)
    assert peak_db(stems.sum(0, dtype=np.float64) - fold_matrix(channels).T @ mixture) < -100


def test_nothing_at_all_is_named(tmp_path: Path, pack: Path) -> None:
    with pytest.raises(InferenceError) as caught:
        split(np.zeros((2, 0), np.float32), tmp_path, pack)
    assert code_of(caught) == "audio-empty"


def test_stems_that_overflow_behind_the_graph_are_named(tmp_path: Path, rng: np.random.Generator) -> None:
    """What the graph gives is finite; at the level of the track it is not."""
    pack = write_pack(tmp_path / "shares", model=shares_graph(factor=1e36))
    edit(pack, selftest=None)
    with pytest.raises(InferenceError) as caught:
        split(100 * noise(rng, 2, 20_000), tmp_path, pack)
    assert code_of(caught) == "inference-failed"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mixture.f32", "shares"]


def test_a_model_of_another_kind_is_named(tmp_path: Path, pack: Path, rng: np.random.Generator) -> None:
    bare = {"audio": None, "stft": None, "chunk": None, "post": None, "stems": None}
    edit(pack, kind="production", production={}, **bare)
    with pytest.raises(PackError) as caught:
        split(noise(rng, 2, 100), tmp_path, pack)
    assert code_of(caught) == "model-unsuitable"


def test_a_full_disk_is_named_and_leaves_nothing(
    tmp_path: Path, pack: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    def full(self: object, start: int, stems: Audio) -> None:
        raise stem_files.write_error(OSError(errno.ENOSPC, "No space left on device"))

    monkeypatch.setattr(stem_files.StemFiles, "write", full)
    with pytest.raises(EncodeError) as caught:
        split(noise(rng, 2, 5000), tmp_path, pack)
    assert code_of(caught) == "disk-full"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mixture.f32", "shares"]


def test_a_file_where_the_folder_should_be_is_named(tmp_path: Path, pack: Path, rng: np.random.Generator) -> None:
    (tmp_path / "blocked").write_bytes(b"x")
    pcm = pcm_of(noise(rng, 2, 500), tmp_path / "mixture.f32")
    with pytest.raises(EncodeError) as caught:
        separate_pcm(
            pcm=pcm,
            out_dir=str(tmp_path / "blocked" / "stems"),
            pack_dir=str(pack),
            progress=lambda fraction, note: None,
            cancelled=lambda: False,
        )
    assert code_of(caught) == "path-not-writable"


def test_it_runs_in_the_worker(tmp_path: Path, pack: Path, rng: np.random.Generator) -> None:
    from engine.worker import Worker

    pcm = pcm_of(noise(rng, 2, 20_000), tmp_path / "mixture.f32")
    arguments = {"pcm": pcm, "out_dir": str(tmp_path / "stems"), "pack_dir": str(pack), "provider": "cpu"}
    worker = Worker()
    try:
        result = worker.run("engine.inference.separation:separate_pcm", arguments)
        assert result.stems["bass"].frames == 20_000
        checks = worker.run("engine.inference.packs:verify_pack_task", {"pack_dir": str(pack)})
        assert all(check.passed for check in checks)
    finally:
        worker.close()
