"""Stem separation: a decoded mixture in, stems out that are as long as it and sum to it.

The track goes through the model in overlapping passages, from the play-head on, so that memory does not grow with its
length and the first sound is there after one passage. The stems grow in a folder beside the wanted one, which takes
that name when all is done.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import get_args

import msgspec
import numpy as np
import numpy.typing as npt

from engine.errors import Cancelled, InferenceError, PackError
from engine.inference.families import Family, Plan, family_of
from engine.inference.families.protocol import checked
from engine.inference.graphs import Graphs
from engine.inference.joining import Joiner
from engine.inference.pack_format import StemName
from engine.inference.packs import Pack, load_pack
from engine.inference.passages import Converter, Passage, TrackReader, cut, passages
from engine.inference.runtime import thread_count
from engine.inference.stem_files import StemFiles, write_error
from engine.types import Audio, PcmRef, Progress
from engine.types import Cancelled as CancelledPoll

SILENCE_POWER = 1e-12
"""Mean square below which a track counts as silent (-120 dBFS)."""
LANES = 2
"""Passages at a time of a model that does not say what they take. On the CPU the threads are shared out to them: graphs
that wait for no other thread, and transforms that leave none idle, take a third less time than one passage after
another on all threads (`docs/separation.md`)."""
MOST_LANES = 8
"""Passages at a time of a model that takes little."""
LANES_MB = 1200
"""What all passages that are made may take, where the model says what one does."""
ORDER: tuple[str, ...] = get_args(StemName)
"""The order in which stems are listed, whatever the order of the model."""

Ready = Callable[[int, int], None]
"""``ready(start, stop)``: these frames of all stems are final."""


class SeparationResult(msgspec.Struct, frozen=True, kw_only=True):
    """The stems of a track and how they came about."""

    stems: dict[str, PcmRef]
    """In the order of `ORDER`; stereo, at the rate and length of the input."""
    model_id: str
    model_version: str
    model_digest: str
    provider: str
    notice: str | None
    rtf: float
    """Elapsed time over the length of the track."""
    sum_error_db: float
    """Largest difference between the sum of the stems and the input, dBFS; -200 where there is none."""
    elapsed_s: float
    first_stem_s: float
    """Time until the first stretch of the stems was there."""
    resumed_s: float = 0.0
    """Seconds of the track that an earlier, broken off run had done."""


def separate_pcm(
    *,
    pcm: PcmRef,
    out_dir: str,
    pack_dir: str,
    provider: str = "auto",
    start_s: float = 0.0,
    memory_dir: str | None = None,
    threads: int | None = None,
    progress: Progress,
    cancelled: CancelledPoll,
    ready: Ready | None = None,
) -> SeparationResult:
    """Split a decoded track into stems with the model pack in `pack_dir`; a worker task.

    The stems are raw float32, ``(2, frames)``, at the rate and length of `pcm`, in ``out_dir/<stem>.f32``. Their sum is
    the input (folded to stereo) to within float32 rounding. Silence gives silence. While it works, `stem_files.partial`
    tells any process what is there. A run that was killed is taken up again by the next one with the same arguments.

    Args:
        pcm: any rate and number of channels, at least one frame.
        out_dir: made, or added to; untouched unless all went well.
        pack_dir: folder of a separation pack.
        provider: ``auto``, ``cpu``, ``cuda`` or ``tensorrt``.
        start_s: where to begin, in seconds: from there to the end first, then what stands before.
        memory_dir: where passed self-tests and built engines are remembered; None forgets them.
        threads: for the CPU; None takes what the machine has.
        ready: is told of finished stretches.

    Raises:
        Cancelled: `cancelled` turned true; nothing is left behind.
        PackError: the pack is broken, refused, or no separation model.
        AudioFileError: ``audio-missing``, ``audio-damaged``.
        InferenceError: ``audio-empty``, ``audio-not-finite``, ``audio-rate``, ``inference-failed``,
            ``provider-failed``, ``model-wrong``, ``out-of-memory``.
        EncodeError: ``disk-full``, ``path-not-writable``.
    """
    begun = time.monotonic()
    progress(0.0, "Opening the model")
    pack = load_pack(Path(pack_dir))
    if pack.kind != "separation" or pack.state:
        raise PackError(
            f"{pack.title} is no model for splitting a song.",
            remedy="Choose a separation model.",
            code="model-unsuitable",
        )
    reader = TrackReader(pcm)
    try:
        graphs = _graphs(pack, provider, memory_dir, threads, cancelled)
        track = reader.measure(cancelled)
        track = msgspec.structs.replace(track, power=max(track.power, SILENCE_POWER))
        family = family_of(pack, graphs.calls(), track)
        files = StemFiles(
            Path(out_dir),
            sorted(family.stems, key=ORDER.index),
            rate=pcm.rate,
            frames=pcm.frames,
            key=_key(pcm, pack),
        )
        try:
            work = _Work(pack, family, reader, files, begun=begun, ready=ready, lanes=_lanes(pack, threads)[0])
            work.run(round(start_s * pcm.rate), progress, cancelled)
            if cancelled():
                raise Cancelled
            stems = files.publish()
        except BaseException as error:
            files.discard()
            if isinstance(error, InferenceError):
                # It may want for memory.
                _kept.clear()
            raise
    finally:
        reader.close()
    elapsed = time.monotonic() - begun
    progress(1.0, "Stems ready")
    return SeparationResult(
        stems=stems,
        model_id=pack.id,
        model_version=pack.version,
        model_digest=pack.digest,
        provider=graphs.provider,
        notice=" ".join(dict.fromkeys(graphs.notices)) or None,
        rtf=elapsed / (pcm.frames / pcm.rate),
        sum_error_db=max(20.0 * float(np.log10(work.error)), -200.0) if work.error > 0 else -200.0,
        elapsed_s=elapsed,
        first_stem_s=work.first_s,
        resumed_s=work.resumed / pcm.rate,
    )


_kept: dict[str, Graphs] = {}
"""What this process opened last, by what it was opened for: the next song begins at once."""


def warm_task(
    *, pack_dir: str, provider: str, memory_dir: str | None, progress: Progress, cancelled: CancelledPoll
) -> str:
    """Worker task: load the libraries, open a model and prove it, so that the next `separate_pcm` with these arguments
    begins at once.

    Returns:
        the provider that it will run on.

    Raises:
        PackError, InferenceError: as `separate_pcm`.
    """
    pack = load_pack(Path(pack_dir))
    graphs = _graphs(pack, provider, memory_dir, None, cancelled)
    _kept[_opened_for(pack, provider, memory_dir, None)] = graphs
    return graphs.provider


def _opened_for(pack: Pack, provider: str, memory_dir: str | None, threads: int | None) -> str:
    return f"{pack.digest} {pack.folder} {provider} {memory_dir} {threads}"


def _graphs(pack: Pack, provider: str, memory_dir: str | None, threads: int | None, cancelled: CancelledPoll) -> Graphs:
    """The graphs of the pack as they were opened before, or opened now.

    On the CPU they stay for the next song; the memory of a graphics card is let go of, and one that failed is tried
    again.
    """
    key = _opened_for(pack, provider, memory_dir, threads)
    graphs = _kept.pop(key, None)
    _kept.clear()
    if graphs is None:
        memory = None if memory_dir is None else Path(memory_dir)
        graphs = Graphs(pack, provider, memory=memory, cancelled=cancelled, threads=_lanes(pack, threads)[1])
    graphs.cancelled = cancelled
    if graphs.provider == "cpu" and not graphs.notices:
        _kept[key] = graphs
    return graphs


def _lanes(pack: Pack, threads: int | None) -> tuple[int, int]:
    """How many passages at a time, and with how many threads each."""
    total, taken = threads or thread_count(), pack.runtime.memory_mb
    most = LANES if taken is None else max(1, min(MOST_LANES, LANES_MB // taken))
    lanes = min(most, total)
    return lanes, total // lanes


def _key(pcm: PcmRef, pack: Pack) -> str:
    """What makes two runs the same: the sound and the model."""
    sound = pcm.digest
    if not sound:
        try:
            facts = Path(pcm.path).stat()
        except OSError as error:
            raise write_error(error) from error
        sound = f"{Path(pcm.path).absolute()} {facts.st_size} {facts.st_mtime_ns}"
    return hashlib.sha256(f"{sound} {pcm.rate} {pcm.channels} {pcm.frames} {pack.digest}".encode()).hexdigest()


class _Work:
    """One run: passages through the graph in some threads, joining and writing in another."""

    def __init__(
        self,
        pack: Pack,
        family: Family,
        reader: TrackReader,
        files: StemFiles,
        *,
        begun: float,
        ready: Ready | None,
        lanes: int = 1,
    ):
        self._family, self._reader, self._files = family, reader, files
        self._begun, self._ready, self._lanes = begun, ready, lanes
        self._converter = Converter(reader.rate, family.rate)
        self._plan: Plan = self._converter.aligned(family.plan)
        self._frames = self._converter.in_model(reader.frames)
        self._passages = passages(self._plan, self._frames)
        self._order = [family.stems.index(name) for name in sorted(family.stems, key=ORDER.index)]
        # The other thread needs a place in the file of its own.
        self._mixture = TrackReader(reader.pcm)
        self.first_s = self.error = 0.0
        self.resumed = files.ready.total()
        spans = [self._span(each) for each in self._passages]
        self._joiner = Joiner(
            stems=len(family.stems),
            frames=reader.frames,
            spans=spans,
            mixture=self._mixture.read,
            deliver=self._deliver,
            exact=pack.post is None or pack.post.sum_to_mix,
            skip=files.ready.holds,
        )
        positions = np.arange(self._converter.in_track(self._plan.length)) * (family.rate / reader.rate)
        window = np.interp(positions, np.arange(self._plan.length), self._plan.window)
        self._window: npt.NDArray[np.float32] = self._plan.window if self._converter.same else window.astype(np.float32)

    def _span(self, passage: Passage) -> tuple[int, int]:
        """Frames of the track that a passage fills. The last one may fall a frame short of the track by rounding."""
        start = passage.start * self._reader.rate // self._family.rate
        stop = start + self._converter.in_track(passage.count)
        last = passage.start + passage.count >= self._frames
        return start, max(stop, self._reader.frames) if last else stop

    def run(self, head: int, progress: Progress, cancelled: CancelledPoll) -> None:
        """Passages from frame `head` on, then those before."""
        todo = [index for index in self._from(head) if self._joiner.needed(index)]
        making: deque[tuple[int, Future[Audio]]] = deque()
        waiting: deque[Future[None]] = deque()
        seconds = self._reader.frames / self._reader.rate
        done = 0
        progress(0.02, f"Splitting, 0 of {seconds:.0f} s")

        def settle() -> None:
            nonlocal done
            index, future = making.popleft()
            waiting.append(pool.submit(self._join, index, future.result()))
            # The first stretch is waited for: somebody listens for it.
            while len(waiting) > min(done, 1):
                waiting.popleft().result()
            done += 1
            ratio = done / len(todo)
            progress(0.02 + 0.96 * ratio, f"Splitting, {ratio * seconds:.0f} of {seconds:.0f} s")

        try:
            with ThreadPoolExecutor(1) as pool, ThreadPoolExecutor(self._lanes) as makers:
                for index in todo:
                    if cancelled():
                        raise Cancelled
                    passage = self._passages[index]
                    sound = cut(passage, self._plan, self._reader, self._converter, self._frames)
                    making.append((index, makers.submit(self._one, passage, sound)))
                    # One more than are made at a time: nobody waits for the next.
                    if len(making) > self._lanes:
                        settle()
                while making:
                    settle()
                while waiting:
                    waiting.popleft().result()
        finally:
            self._mixture.close()

    def _from(self, head: int) -> list[int]:
        spans = [self._span(each) for each in self._passages]
        # The first passage that gives the play-head at full strength: not the one that only fades in there.
        fade = max(0, self._plan.length - self._plan.step) * self._reader.rate // self._family.rate
        later = [i for i, (a, b) in enumerate(spans) if b > head and (i == 0 or a + fade <= head)]
        first = max((i for i in later if spans[i][0] <= head), default=0)
        return [*range(first, len(spans)), *range(first)]

    def _one(self, passage: Passage, sound: Audio) -> Audio:
        """Stems of a passage at the rate of the track, as many samples as are used."""
        if np.any(sound):
            # What a graph gives may be finite, and what becomes of it not.
            with np.errstate(over="ignore", invalid="ignore"):
                stems = self._family.run(sound)
            checked(stems, stems.shape)
        else:
            stems = np.zeros((len(self._order), 2, passage.length), np.float32)
        skip = passage.start - passage.begin
        used = stems[:, :, skip : skip + passage.count]
        in_order = self._order == sorted(self._order)
        return self._converter.to_track(used if in_order else used[self._order])

    def _join(self, index: int, stems: Audio) -> None:
        start, stop = self._span(self._passages[index])
        missing = stop - start - stems.shape[2]
        window = self._window[: stop - start]
        if missing > 0:
            stems = np.pad(stems, ((0, 0), (0, 0), (0, missing)), mode="edge")
        if window.shape[0] < stop - start:
            window = np.pad(window, (0, stop - start - window.shape[0]), mode="edge")
        self._joiner.add(index, stems, window)

    def _deliver(self, start: int, stems: Audio, left: float) -> None:
        self._files.write(start, stems)
        self.error = max(self.error, left)
        self.first_s = self.first_s or time.monotonic() - self._begun
        if self._ready is not None:
            self._ready(start, start + stems.shape[2])
