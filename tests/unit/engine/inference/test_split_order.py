"""From the play-head on, in stretches that grow, and on from where a killed run ended."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import Cancelled, InferenceError
from engine.inference.families.spectral import SpectralStems
from engine.inference.joining import Joiner
from engine.inference.packs import Pack, load_pack
from engine.inference.separation import SeparationResult, _lanes, separate_pcm  # pyright: ignore[reportPrivateUsage]
from engine.inference.stem_files import Intervals, partial
from engine.types import Audio, PcmRef
from tests.samples.packs import SHARES, write_pack


def noise(frames: int) -> Audio:
    return (np.random.default_rng(9).standard_normal((2, frames)) * 0.1).astype(np.float32)


def split(folder: Path, mixture: Audio, **more: Any) -> SeparationResult:
    path = folder / "mixture.f32"
    if not path.exists():
        mixture.astype("<f4").tofile(path)
    pack = folder / "shares"
    if not pack.exists():
        write_pack(pack)
    options: dict[str, Any] = {"progress": lambda fraction, note: None, "cancelled": lambda: False} | more
    return separate_pcm(
        pcm=PcmRef(path=str(path), rate=44100, channels=2, frames=mixture.shape[1]),
        out_dir=str(folder / "stems"),
        pack_dir=str(pack),
        provider="cpu",
        **options,
    )


def split_with(folder: Path, mixture: Audio, *, runtime: dict[str, Any], threads: int) -> SeparationResult:
    folder.mkdir()
    write_pack(folder / "shares", runtime=runtime)
    return split(folder, mixture, threads=threads)


@pytest.mark.parametrize("start_s", [0.0, 0.4, 1.7, 3.9])
def test_it_begins_at_the_play_head_and_ends_with_everything(tmp_path: Path, start_s: float) -> None:
    mixture = noise(4 * 44100)
    seen: list[tuple[int, int]] = []
    result = split(tmp_path, mixture, start_s=start_s, ready=lambda start, stop: seen.append((start, stop)))
    head = round(start_s * 44100)
    first = min(seen[:2])[0]
    assert first <= head
    assert head - first < 2 * 8192
    done = Intervals(seen)
    whole = Intervals()
    for start, stop in seen:
        whole.add(start, stop)
    assert whole.spans() == [(0, mixture.shape[1])]
    assert done.total() == mixture.shape[1], "no stretch is delivered twice"
    stems = np.stack([np.array(ref.open()) for ref in result.stems.values()])
    for stem, share in zip(stems, SHARES, strict=True):
        assert np.abs(stem - share * mixture).max() < 1e-5


def test_a_play_head_behind_the_end_begins_at_the_start(tmp_path: Path) -> None:
    seen: list[int] = []
    split(tmp_path, noise(44100), start_s=99.0, ready=lambda start, stop: seen.append(start))
    assert seen[0] == 0 or min(seen[:2]) == 0


def test_the_order_changes_nothing_that_can_be_heard(tmp_path: Path) -> None:
    mixture = noise(3 * 44100)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, two = split(tmp_path / "a", mixture), split(tmp_path / "b", mixture, start_s=1.3)
    for name, ref in one.stems.items():
        assert np.abs(np.array(ref.open()) - np.array(two.stems[name].open())).max() < 1e-6


def test_passages_side_by_side_give_the_same_as_one_after_another(tmp_path: Path) -> None:
    mixture = noise(6 * 44100)
    plain, small = {"opset": 17}, {"opset": 17, "memory_mb": 100}
    alone = split_with(tmp_path / "one", mixture, runtime=plain, threads=1)
    for name, runtime, threads in (("two", plain, 4), ("many", small, 7)):
        beside = split_with(tmp_path / name, mixture, runtime=runtime, threads=threads)
        for stem, ref in alone.stems.items():
            assert np.abs(np.array(ref.open()) - np.array(beside.stems[stem].open())).max() < 1e-6


@pytest.mark.parametrize(
    ("memory_mb", "expected"),
    [
        (None, [(1, 1), (2, 1), (2, 2), (2, 8)]),
        (100, [(1, 1), (2, 1), (5, 1), (8, 2)]),
        (300, [(1, 1), (2, 1), (4, 1), (4, 4)]),
        (600, [(1, 1), (2, 1), (2, 2), (2, 8)]),
        (5000, [(1, 1), (1, 2), (1, 5), (1, 16)]),
    ],
)
def test_as_many_passages_at_a_time_as_threads_and_memory_allow(
    tmp_path: Path, memory_mb: int | None, expected: list[tuple[int, int]]
) -> None:
    runtime: dict[str, Any] = {"opset": 17} | ({} if memory_mb is None else {"memory_mb": memory_mb})
    pack = load_pack(write_pack(tmp_path / "shares", runtime=runtime))
    assert [_lanes(pack, threads) for threads in (1, 2, 5, 16)] == expected


def test_what_is_there_can_be_played_while_the_rest_is_made(tmp_path: Path) -> None:
    mixture = noise(4 * 44100)
    looks: list[int] = []

    def look(start: int, stop: int) -> None:
        found = partial(tmp_path / "stems")
        if found is None:
            return
        looks.append(sum(b - a for a, b in found.ready))
        drums = found.stems["drums"].open()
        assert drums.shape == mixture.shape
        for a, b in found.ready:
            assert np.abs(drums[:, a:b] - 0.2 * mixture[:, a:b]).max() < 1e-5

    split(tmp_path, mixture, ready=look)
    assert looks == sorted(looks)
    assert len(looks) > 5
    assert partial(tmp_path / "stems") is None


def _killed(folder: str) -> None:
    """A run that dies as a killed worker does, after some stretches."""
    seen: list[int] = []

    def die(start: int, stop: int) -> None:
        seen.append(stop)
        if len(seen) == 12:
            os.kill(os.getpid(), signal.SIGKILL)

    split(Path(folder), noise(4 * 44100), ready=die)


def test_a_killed_run_is_taken_up_where_it_ended(tmp_path: Path) -> None:
    mixture = noise(4 * 44100)
    mixture.astype("<f4").tofile(tmp_path / "mixture.f32")
    write_pack(tmp_path / "shares")
    process = multiprocessing.get_context("spawn").Process(target=_killed, args=(str(tmp_path),))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    found = partial(tmp_path / "stems")
    assert found is not None
    had = sum(b - a for a, b in found.ready)
    assert 0 < had < mixture.shape[1]
    seen: list[int] = []
    result = split(tmp_path, mixture, ready=lambda start, stop: seen.append(stop - start))
    assert result.resumed_s == pytest.approx(had / 44100)
    assert sum(seen) < mixture.shape[1] - had / 2
    for name, share in zip(result.stems, SHARES, strict=True):
        assert np.abs(np.array(result.stems[name].open()) - share * mixture).max() < 1e-5
    assert not list(tmp_path.glob(".stems.part-*"))


def test_another_model_or_sound_begins_anew(tmp_path: Path) -> None:
    from engine.inference.stem_files import StemFiles

    files = StemFiles(tmp_path / "stems", ["vocals"], rate=100, frames=50, key="a" * 40)
    files.write(0, np.ones((1, 2, 20), np.float32))
    files.close()
    again = StemFiles(tmp_path / "stems", ["vocals"], rate=100, frames=50, key="a" * 40)
    assert again.ready.spans() == [(0, 20)]
    again.close()
    other = StemFiles(tmp_path / "stems", ["vocals"], rate=100, frames=50, key="b" * 40)
    assert other.ready.spans() == []
    assert len(list(tmp_path.glob(".stems.part-*"))) == 1
    other.discard()


def test_cancel_answers_at_once_in_the_middle_of_a_passage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.inference import separation

    asked: list[float] = []

    class Slow:
        """A family whose graph takes long and obeys, as `runtime.guarded` makes every graph do."""

        def __init__(self, inner: Any, cancelled: Any):
            self.stems, self.rate, self.plan = inner.stems, inner.rate, inner.plan
            self._cancelled = cancelled

        def run(self, passage: Audio) -> Audio:
            while not self._cancelled():
                time.sleep(0.01)
            raise Cancelled

    real = separation.family_of

    def cancelled() -> bool:
        asked.append(time.monotonic())
        return len(asked) > 12

    monkeypatch.setattr(separation, "family_of", lambda *args: Slow(real(*args), cancelled))
    with pytest.raises(Cancelled):
        split(tmp_path, noise(44100), cancelled=cancelled)
    assert not list(tmp_path.glob("*stems*"))


def test_a_model_stays_open_for_the_next_song_and_obeys_the_new_cancel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.inference import separation

    opened: list[str] = []
    real = separation.Graphs

    def counted(pack: Pack, *args: Any, **more: Any) -> Any:
        opened.append(Path(pack.folder).name)
        return real(pack, *args, **more)

    monkeypatch.setattr(separation, "Graphs", counted)
    write_pack(tmp_path / "shares")
    write_pack(tmp_path / "other")
    options: dict[str, Any] = {"pack_dir": str(tmp_path / "shares"), "provider": "cpu", "memory_dir": None}
    quiet: dict[str, Any] = {"progress": lambda fraction, note: None, "cancelled": lambda: False}
    assert separation.warm_task(**options, **quiet) == "cpu"
    split(tmp_path, noise(44100))
    split(tmp_path, noise(44100))
    assert opened == ["shares"]
    with pytest.raises(Cancelled):
        split(tmp_path, noise(44100), cancelled=lambda: True)
    split(tmp_path, noise(44100))
    assert opened == ["shares"]
    # Only the last one is kept, and none that failed.
    separation.warm_task(**(options | {"pack_dir": str(tmp_path / "other")}), **quiet)
    split(tmp_path, noise(44100))
    assert opened == ["shares", "other", "shares"]
    failing = InferenceError("It failed.", remedy="None.", code="inference-failed")
    with monkeypatch.context() as broken:
        broken.setattr(SpectralStems, "run", lambda *args: (_ for _ in ()).throw(failing))
        with pytest.raises(InferenceError):
            split(tmp_path, noise(44100))
    split(tmp_path, noise(44100))
    assert opened == ["shares", "other", "shares", "shares"]


def test_cells_are_joined_whatever_the_order() -> None:
    rng = np.random.default_rng(4)
    frames, length, step = 50_000, 9000, 6000
    truth = rng.standard_normal((3, 2, frames)).astype(np.float32)
    mixture = truth.sum(0) + 0.05 * rng.standard_normal((2, frames)).astype(np.float32)
    spans = [(start, start + length) for start in range(-1500, frames, step)]
    window = np.hanning(length + 2)[1:-1].astype(np.float32)
    results = []
    for order in (range(len(spans)), reversed(range(len(spans))), rng.permutation(len(spans))):
        out = np.full((3, 2, frames), np.nan, np.float32)

        def deliver(start: int, stems: Audio, left: float, out: Audio = out) -> None:
            assert np.isnan(out[:, :, start : start + stems.shape[2]]).all()
            out[:, :, start : start + stems.shape[2]] = stems

        joiner = Joiner(
            stems=3, frames=frames, spans=spans, mixture=lambda a, n: mixture[:, a : a + n], deliver=deliver
        )
        for index in order:
            start, stop = spans[index]
            passage = np.zeros((3, 2, length), np.float32)
            a, b = max(start, 0), min(stop, frames)
            passage[:, :, a - start : b - start] = truth[:, :, a:b]
            joiner.add(int(index), passage, window)
        assert np.abs(out.sum(0, dtype=np.float64) - mixture).max() < 1e-6
        results.append(out)
    for other in results[1:]:
        assert np.abs(other - results[0]).max() < 1e-5


def _peak(folder: str, minutes: float, connection: Any) -> None:
    """Peak memory of splitting a long, mostly empty file, in MB."""
    frames = round(minutes * 60 * 44100)
    path = Path(folder) / f"long-{minutes}.f32"
    with path.open("wb") as handle:
        handle.truncate(8 * frames)
        handle.write(noise(400_000)[0].astype("<f4").tobytes())
    result = separate_pcm(
        pcm=PcmRef(path=str(path), rate=44100, channels=2, frames=frames),
        out_dir=str(Path(folder) / f"stems-{minutes}"),
        pack_dir=str(Path(folder) / "shares"),
        provider="cpu",
        progress=lambda fraction, note: None,
        cancelled=lambda: False,
    )
    assert result.stems["bass"].frames == frames
    connection.send(_highest_mb())


def _highest_mb() -> float:
    """Most memory that this process ever held. What `getrusage` says counts the process that it was forked from."""
    status = Path("/proc/self/status")
    if status.is_file():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.slow
def test_memory_does_not_grow_with_the_length_of_a_song(tmp_path: Path) -> None:
    write_pack(tmp_path / "shares", chunk={"hops": 1024, "overlap_hops": 64})
    context = multiprocessing.get_context("spawn")
    peaks: list[float] = []
    for minutes in (0.5, 8.0):
        ours, theirs = context.Pipe()
        process = context.Process(target=_peak, args=(str(tmp_path), minutes, theirs))
        process.start()
        theirs.close()
        peaks.append(ours.recv())
        process.join()
        for path in tmp_path.glob("*-*"):
            if path.is_dir():
                for stem in path.iterdir():
                    stem.unlink()
            else:
                path.unlink()
    assert peaks[1] < peaks[0] + 60, peaks
    assert peaks[1] < 1500
