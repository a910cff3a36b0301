"""Sources: files of samples, mapped into memory, that may vanish and come back while they play."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.errors import EngineError
from engine.plan.flat.words import address
from engine.plan.kernel import layout as L
from engine.types import Audio, PcmRef

if TYPE_CHECKING:
    from engine.plan.lost_pages import Watched


def missing(path: str) -> EngineError:
    """The error of a source that is not there, or not whole."""
    return EngineError(
        "The stored samples of a sound are missing or damaged.",
        remedy="Open the project again; if that does not help, import the sound again.",
        code="source-missing",
        details={"path": path},
    )


class SourceNotice(NamedTuple):
    """A source that is gone, or back."""

    path: str
    state: Literal["lost", "back"]


class Source:
    """An open source, as the kernels read it.

    Its words (`engine.plan.kernel.layout`, SOURCE_*) stay where they are as long as the pool holds it, so a source that
    is lost falls silent in every plan at once, and sounds again when it is back.
    """

    def __init__(self, ref: PcmRef):
        self.ref = ref
        self.words: npt.NDArray[np.int64] = np.zeros(L.SOURCE_WORDS, dtype=np.int64)
        self.samples: Audio = np.zeros((ref.channels, 0), dtype=np.float32)
        self._stamp: tuple[int, int, int] | None = None
        self._watched: Watched | None = None
        # What a kernel may still be reading is never unmapped while the source lives.
        self._before: list[Audio] = []

    @property
    def alive(self) -> bool:
        """False while the file is gone or damaged."""
        return bool(self.words[L.SOURCE_ALIVE])

    def open(self) -> bool:
        """Map the file; False when it is not there, or too short."""
        try:
            stamp = self._look()
            if stamp is None:
                return False
            if self.ref.frames:
                self._before.append(self.samples)
                self.samples = self.ref.open()
                self._watched = self._watch(self.samples)
        except (OSError, ValueError):
            return False
        self._stamp = stamp
        self.words[L.SOURCE_DATA_AT] = address(self.samples) if self.ref.frames else 0
        self.words[L.SOURCE_CHANNELS] = self.ref.channels
        self.words[L.SOURCE_FRAMES] = self.ref.frames
        self.words[L.SOURCE_ALIVE] = 1
        return True

    @staticmethod
    def _watch(samples: Audio) -> Watched:
        # Whoever only compiles plans needs no compiled code.
        from engine.plan.lost_pages import Watched

        return Watched(samples)

    @property
    def cut(self) -> bool:
        """True once the file had lost a page that was read: what was read instead is silence."""
        return self._watched is not None and self._watched.hit

    def _look(self) -> tuple[int, int, int] | None:
        """Identity of the file, None when it cannot hold the samples."""
        stat = Path(self.ref.path).stat()
        if stat.st_size < self.ref.channels * self.ref.frames * 4:
            return None
        return stat.st_dev, stat.st_ino, stat.st_size

    def touch(self, first: int, count: int) -> None:
        """Read a sample of each page of frames ``[first, first + count)``."""
        from engine.plan.kernel.ahead import touch

        frames = self.ref.frames
        first, last = max(first, 0), min(first + count, frames)
        for channel in range(min(self.ref.channels, 2)):
            if last > first:
                touch(address(self.samples), channel * frames + first, last - first)

    def check(self) -> SourceNotice | None:
        """See whether the file is still the one that was opened; silence it when it is not, take it up when it is
        back.
        """
        try:
            stamp = self._look()
        except OSError:
            stamp = None
        if self.alive and (stamp != self._stamp or self.cut):
            self.words[L.SOURCE_ALIVE] = 0
            return SourceNotice(self.ref.path, "lost")
        if not self.alive and stamp is not None and self.open():
            return SourceNotice(self.ref.path, "back")
        return None


class SourcePool:
    """Sources that are open, by path; shared by the plans that follow each other.

    Args:
        tolerant: a source that cannot be opened is silent until `check` finds it, instead of an error.
    """

    def __init__(self, *, tolerant: bool = False) -> None:
        self._open: dict[str, Source] = {}
        self._tolerant = tolerant

    def source(self, ref: PcmRef, *, rate: int) -> Source:
        """The open source of `ref`.

        Raises:
            EngineError: code ``source-missing`` (not of a tolerant pool) or ``source-rate``.
        """
        if ref.rate != rate:
            raise EngineError(
                f"A sound was stored at {ref.rate} Hz, and the project runs at {rate} Hz.",
                remedy="Import the sound again.",
                code="source-rate",
                details={"path": ref.path},
            )
        found = self._open.get(ref.path)
        if found is None or (found.ref.channels, found.ref.frames) != (ref.channels, ref.frames):
            found = Source(ref)
            if not found.open() and not self._tolerant:
                raise missing(ref.path)
            self._open[ref.path] = found
        return found

    def check(self) -> tuple[SourceNotice, ...]:
        """Look after every file, a few microseconds each: about twice a second is enough."""
        found = (source.check() for source in tuple(self._open.values()))
        return tuple(notice for notice in found if notice is not None)

    @property
    def lost(self) -> tuple[str, ...]:
        """Paths of the sources that are silent."""
        return tuple(path for path, source in self._open.items() if not source.alive)

    def keep(self, paths: set[str]) -> None:
        """Close the sources that are not among `paths`."""
        self._open = {path: source for path, source in self._open.items() if path in paths}
