"""Stems that grow on disk: planar float32 files of full length from the start, and a journal of what is final in them,
by which a listener may play what is there and a later run may go on where a killed one ended."""

from __future__ import annotations

import errno
import hashlib
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np

from engine.errors import EncodeError
from engine.types import Audio, PcmRef

JOURNAL = "progress.json"


class Partial(msgspec.Struct, frozen=True, kw_only=True):
    """Stems in the making: files that can be mapped at once, and the stretches that are final (frames, in order)."""

    stems: dict[str, PcmRef]
    ready: tuple[tuple[int, int], ...]
    frames: int


class _Journal(msgspec.Struct, kw_only=True):
    key: str
    rate: int
    frames: int
    names: tuple[str, ...]
    ready: list[tuple[int, int]]


class Intervals:
    """Stretches ``[start, stop)`` of a track, kept joined and in order."""

    def __init__(self, known: Sequence[tuple[int, int]] = ()):
        self._spans: list[tuple[int, int]] = sorted((int(a), int(b)) for a, b in known)

    def add(self, start: int, stop: int) -> None:
        """Add one, joining what it touches."""
        kept: list[tuple[int, int]] = []
        for a, b in self._spans:
            if b < start or a > stop:
                kept.append((a, b))
            else:
                start, stop = min(a, start), max(b, stop)
        self._spans = sorted([*kept, (start, stop)])

    def holds(self, start: int, stop: int) -> bool:
        """Whether the whole stretch is in."""
        return any(a <= start and stop <= b for a, b in self._spans)

    def spans(self) -> list[tuple[int, int]]:
        """All of them, in order."""
        return list(self._spans)

    def total(self) -> int:
        """Frames in all of them."""
        return sum(b - a for a, b in self._spans)


class StemFiles:
    """The files of one run, in a hidden folder beside the wanted one. A full disk is an error (a memory map would kill
    the process)."""

    def __init__(self, target: Path, names: Sequence[str], *, rate: int, frames: int, key: str):
        """Make the folder, or take over the one that a killed run with the same `key` left; others are removed.

        Raises:
            EncodeError: disk-full, path-not-writable.
        """
        self._target, self._names = target, tuple(names)
        self._rate, self._frames, self._key = rate, frames, key
        self.folder = target.parent / f".{target.name}.part-{key[:16]}"
        self._files: dict[str, BinaryIO] = {}
        self.ready = Intervals()
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            # A process that was killed could not tidy up after itself.
            for stale in target.parent.glob(f".{target.name}.part-*"):
                if stale != self.folder:
                    shutil.rmtree(stale, ignore_errors=True)
            self._take_over()
            self.folder.mkdir(exist_ok=True)
            for name in self._names:
                path = self.folder / f"{name}.f32"
                handle = path.open("r+b" if path.exists() else "w+b")
                self._files[name] = handle
                handle.truncate(2 * frames * 4)
        except OSError as error:
            self.close()
            raise write_error(error) from error

    def _take_over(self) -> None:
        try:
            found = msgspec.json.decode((self.folder / JOURNAL).read_bytes(), type=_Journal)
        except (OSError, msgspec.DecodeError):
            found = None
        size = 2 * self._frames * 4
        whole = found is not None and all(
            (self.folder / f"{name}.f32").is_file() and (self.folder / f"{name}.f32").stat().st_size == size
            for name in self._names
        )
        if found is not None and whole and (found.key, found.names) == (self._key, self._names):
            self.ready = Intervals(found.ready)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, start: int, stems: Audio) -> None:
        """Put final samples ``(stems, 2, n)`` in their place and say so in the journal.

        Raises:
            EncodeError: disk-full, path-not-writable.
        """
        try:
            for name, stem in zip(self._names, stems, strict=True):
                handle = self._files[name]
                for side in range(2):
                    handle.seek((side * self._frames + start) * 4)
                    handle.write(np.ascontiguousarray(stem[side], dtype="<f4").data)
                handle.flush()
            self.ready.add(start, start + stems.shape[2])
            self._note()
        except OSError as error:
            raise write_error(error) from error

    def _note(self) -> None:
        journal = _Journal(
            key=self._key, rate=self._rate, frames=self._frames, names=self._names, ready=self.ready.spans()
        )
        part = self.folder / f".{JOURNAL}"
        part.write_bytes(msgspec.json.encode(journal))
        part.replace(self.folder / JOURNAL)

    def close(self) -> None:
        """Close the files.

        Raises:
            EncodeError: disk-full.
        """
        try:
            for handle in self._files.values():
                handle.close()
        except OSError as error:
            raise write_error(error) from error
        finally:
            self._files = {}

    def publish(self) -> dict[str, PcmRef]:
        """Give the finished folder the wanted name, and say what lies in it; in a folder that exists, the stems take
        their places one by one.

        Raises:
            EncodeError: disk-full, path-not-writable.
        """
        self.close()
        try:
            with ThreadPoolExecutor(2) as pool:
                paths = [self.folder / f"{name}.f32" for name in self._names]
                digests = list(pool.map(_digest, paths))
            (self.folder / JOURNAL).unlink(missing_ok=True)
            if not self._target.exists():
                self.folder.replace(self._target)
            else:
                for path in sorted(self.folder.iterdir()):
                    path.replace(self._target / path.name)
                self.folder.rmdir()
        except OSError as error:
            raise write_error(error) from error
        return {
            name: PcmRef(
                path=str(self._target / f"{name}.f32"),
                rate=self._rate,
                channels=2,
                frames=self._frames,
                digest=digest,
            )
            for name, digest in zip(self._names, digests, strict=True)
        }

    def discard(self) -> None:
        """Leave nothing behind."""
        for handle in self._files.values():
            try:
                handle.close()
            except OSError:
                continue
        self._files = {}
        shutil.rmtree(self.folder, ignore_errors=True)


def partial(out_dir: Path) -> Partial | None:
    """What a run that writes to `out_dir` has finished so far; None before its first stretch and after its end."""
    for folder in out_dir.parent.glob(f".{out_dir.name}.part-*"):
        try:
            journal = msgspec.json.decode((folder / JOURNAL).read_bytes(), type=_Journal)
        except (OSError, msgspec.DecodeError):
            continue
        stems = {
            name: PcmRef(path=str(folder / f"{name}.f32"), rate=journal.rate, channels=2, frames=journal.frames)
            for name in journal.names
        }
        return Partial(stems=stems, ready=tuple(journal.ready), frames=journal.frames)
    return None


def write_error(error: OSError) -> EncodeError:
    """The named error for stems that cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EncodeError(
            "The disk is full; the stems were not written.",
            remedy="Make room on the disk, then split again.",
            code="disk-full",
        )
    return EncodeError(
        f"The stems cannot be written there ({error.strerror}).",
        remedy="Choose a folder that you may write to.",
        code="path-not-writable",
    )


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
