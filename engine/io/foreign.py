"""Sound that libsndfile does not read (AAC, Apple Lossless, Windows Media, the sound of videos), through FFmpeg where a
person has installed it. Contrafact brings no such decoder of its own.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from pathlib import Path
from typing import Literal

DEMUXERS: dict[str, str] = {"mp4": "mov", "aac": "aac", "asf": "asf", "matroska": "matroska"}
"""Kinds of files that are worth asking FFmpeg for, and its name for their format: it is told what a file is, so that a
file cannot choose among its hundreds of decoders."""
LONGEST_S = 4 * 3600
PATIENCE_S = 600.0

Outcome = Literal["converted", "no-ffmpeg", "failed"]


def convert(path: Path, kind: str, target: Path) -> Outcome:
    """The first sound of a file as WAV of 32-bit floats, at its own rate.

    FFmpeg opens files only (no network), reads nothing from the terminal and is stopped after `PATIENCE_S`.

    Args:
        path: the file.
        kind: what `containers.kind_of` says of it, one of `DEMUXERS`.
        target: where to write.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        return "no-ffmpeg"
    source = str(path.resolve())
    command = [program, "-v", "error", "-nostdin", "-y", "-protocol_whitelist", "file", "-f", DEMUXERS[kind]]
    command += ["-i", f"file:{source}", "-map", "0:a:0", "-vn", "-sn", "-dn", "-t", str(LONGEST_S)]
    command += ["-map_metadata", "-1", "-c:a", "pcm_f32le", "-f", "wav", "-rf64", "auto", f"file:{target}"]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE_S,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (OSError, subprocess.TimeoutExpired):
        with contextlib.suppress(OSError):
            target.unlink()
        return "failed"
    return "converted" if done.returncode == 0 and target.is_file() else "failed"
