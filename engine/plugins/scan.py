"""Finding plug-ins: each file is looked into by a process that is thrown away, because some crash or hang when they are
only loaded."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from engine.errors import Cancelled as Stopped
from engine.errors import EngineError
from engine.plugins import spawning, vst3
from engine.plugins.host import load, quiet
from engine.plugins.model import VST3, PluginInfo, PluginSpec
from engine.types import Cancelled, Progress

SCAN_S = 30.0
"""A file that takes longer than this is put on the block list."""

SUFFIX = ".vst3"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a look into one file found."""

    path: str
    plugins: tuple[PluginInfo, ...] = ()
    problem: str = ""
    """Why there are none; a sentence for a person."""
    code: str = ""
    """plugin-crashed, plugin-slow, or why it could not be loaded."""


_FINDINGS: msgspec.msgpack.Decoder[Finding] = msgspec.msgpack.Decoder(Finding)


def standard_folders() -> tuple[Path, ...]:
    """Where VST3 plug-ins are installed on this system, as Steinberg's specification says, the user's own first."""
    home = Path.home()
    if sys.platform == "darwin":
        return (home / "Library/Audio/Plug-Ins/VST3", Path("/Library/Audio/Plug-Ins/VST3"))
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", str(home / "AppData/Local"))
        common = os.environ.get("COMMONPROGRAMFILES", r"C:\Program Files\Common Files")
        return (Path(local, "Programs/Common/VST3"), Path(common, "VST3"))
    return (home / ".vst3", Path("/usr/lib/vst3"), Path("/usr/local/lib/vst3"))


def find_files(folders: Iterable[Path]) -> list[Path]:
    """The plug-in files and bundles in and below these folders, each once, in order of their names; folders that cannot
    be read are passed over."""
    found: dict[str, Path] = {}
    for folder in folders:
        for root, names, files in os.walk(folder, followlinks=False):
            for name in [*names, *files]:
                if name.lower().endswith(SUFFIX):
                    path = Path(root, name)
                    found.setdefault(os.path.realpath(path), path)
            # What is inside a bundle is part of it.
            names[:] = [name for name in names if not name.lower().endswith(SUFFIX)]
    return sorted(found.values(), key=lambda path: (path.name.lower(), str(path)))


def stamp(path: Path) -> int:
    """When a plug-in was last changed, in ns: of a bundle, the newest of its files. 0 for one that is gone."""
    newest = 0
    with contextlib.suppress(OSError):
        newest = path.stat().st_mtime_ns
        if path.is_dir():
            for root, _, files in os.walk(path):
                newest = max(newest, *(Path(root, name).stat().st_mtime_ns for name in files), 0)
    return newest


def scan_file(
    path: Path, *, limit_s: float = SCAN_S, cancelled: Cancelled | None = None, loader: str = VST3
) -> Finding:
    """Look into one file in a process of its own. Whatever the plug-in does, this returns.

    Args:
        limit_s: the process is ended after this many seconds.
        cancelled: asked about ten times a second.

    Raises:
        Cancelled: when asked to stop.
    """
    ours, theirs = spawning.CONTEXT.Pipe(duplex=False)
    process = spawning.CONTEXT.Process(
        target=_scan_main, args=(theirs, str(path), loader), name="contrafact-plugin-scan", daemon=True
    )
    spawning.start(process)
    theirs.close()
    end = time.monotonic() + limit_s
    try:
        while not ours.poll(0.1):
            if cancelled is not None and cancelled():
                raise Stopped
            if time.monotonic() > end:
                return Finding(path=str(path), problem=f"It did not answer for {limit_s:.0f} s.", code="plugin-slow")
        return _FINDINGS.decode(ours.recv_bytes())
    except (EOFError, OSError, msgspec.DecodeError, msgspec.ValidationError):
        return Finding(path=str(path), problem="It crashed when it was loaded.", code="plugin-crashed")
    finally:
        process.kill()
        process.join(2.0)
        ours.close()


def _scan_main(connection: Connection, path: str, loader: str) -> None:
    quiet()
    try:
        names = vst3.plugin_names(path) if loader == VST3 else [""]
        plugins = tuple(load(PluginSpec(path=path, name=name, loader=loader)).describe() for name in names)
        found = Finding(path=path, plugins=plugins)
        if not plugins:
            found = Finding(path=path, problem="There is no plug-in in it.", code="plugin-failed")
    except EngineError as error:
        found = Finding(path=path, problem=error.message, code=error.code)
    except Exception as error:
        found = Finding(path=path, problem=f"It could not be loaded ({type(error).__name__}).", code="plugin-failed")
    connection.send_bytes(msgspec.msgpack.encode(found))
    # Some plug-ins crash as they are taken down.
    os._exit(0)


def scan_files(
    paths: Iterable[Path],
    *,
    each: Callable[[Finding], None],
    limit_s: float = SCAN_S,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> None:
    """Look into files one after another, telling each finding as it comes.

    Raises:
        PluginError: plugin-extra-missing.
        Cancelled: when asked to stop; what was told stays told.
    """
    vst3.require()
    wanted = list(paths)
    for number, path in enumerate(wanted):
        if progress is not None:
            progress(number / len(wanted), path.stem)
        each(scan_file(path, limit_s=limit_s, cancelled=cancelled))
    if progress is not None:
        progress(1.0, "")
