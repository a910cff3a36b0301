"""Deliver what waits, look after the models, and say what works on this machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform as machine
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from engine.errors import EngineError
from engine.playback.player import Player
from engine.worker import Worker
from studio import __version__
from studio.base.errors import StudioError
from studio.base.keys import KeyStore
from studio.base.paths import AppPaths
from studio.cli.console import HomeOption, JsonFlag, PlatformOption, errors_shown, opened, out, print_json


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the doctor: what was looked at, whether it works, and what to do if not."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    needed: bool = True


def register(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    app.command()(sync)
    app.command()(doctor)
    app.command()(version)


def sync(home: HomeOption = None, platform: PlatformOption = None, json: JsonFlag = False) -> None:
    """Send what waits in the outbox. Exit code 0 only if nothing is left to send."""
    with opened(home, platform, as_json=json) as session:
        report = session.sync_now().value()
        if json:
            print_json(
                {
                    "sent": report.sent,
                    "waiting": report.waiting,
                    "parked": report.parked,
                    "state": report.state,
                    "problem": report.problem,
                }
            )
        else:
            out(
                f"sent {report.sent}, waiting {report.waiting}, needs you {report.parked}"
                + (f": {report.problem}" if report.problem else "")
            )
        if report.waiting or report.parked:
            raise typer.Exit(1)


def version(json: JsonFlag = False) -> None:
    """Print the version."""
    if json:
        print_json({"version": __version__})
    else:
        out(f"contrafact {__version__}")


def doctor(
    warm: Annotated[
        bool, typer.Option("--warm", help="Compile the audio kernels, so that the first use is quick.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only what does not work.")] = False,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Say what works on this machine, and what to do about the rest. Exit code 0 if everything needed works."""
    with errors_shown(as_json=json):
        findings = _system_findings() + _folder_findings(home) + _worker_findings(warm=warm)
        ok = all(finding.ok for finding in findings if finding.needed)
        if json:
            print_json({"ok": ok, "findings": findings})
        else:
            for finding in findings:
                if not (quiet and finding.ok):
                    out(f"{'✓' if finding.ok else '✗' if finding.needed else '–'} {finding.name}: {finding.detail}")
                    if not finding.ok and finding.remedy:
                        out(f"    {finding.remedy}")
        if not ok:
            raise typer.Exit(1)


def _system_findings() -> list[Finding]:
    found = [
        Finding(
            name="Python",
            ok=True,
            detail=f"{machine.python_version()} on {machine.system()} {machine.machine()}, {os.cpu_count()} cores",
        )
    ]
    missing = [
        name
        for name in ("PySide6-Essentials", "numpy", "soundfile", "c2pa-python", "numba", "librosa")
        if not _installed(name)
    ]
    runtimes = [name for name in ("onnxruntime", "onnxruntime-gpu") if _installed(name)]
    found.append(
        Finding(
            name="packages",
            ok=not missing,
            detail=f"missing: {', '.join(missing)}" if missing else "all there",
            remedy="Run packaging/bootstrap.py again.",
        )
    )
    found.append(
        Finding(
            name="ONNX Runtime",
            ok=len(runtimes) == 1,
            detail=" and ".join(f"{name} {importlib.metadata.version(name)}" for name in runtimes) or "not installed",
            remedy="Exactly one of onnxruntime and onnxruntime-gpu may be installed: remove the other.",
        )
    )
    try:
        with Player() as player:
            player.wait_ready()
            devices = [device for device in player.devices() if device.channels and device.id != "none"]
        found.append(
            Finding(
                name="sound",
                ok=bool(devices),
                needed=False,
                detail=f"{len(devices)} output devices"
                if devices
                else "no output device; everything but hearing works",
                remedy="Connect an audio interface; on Linux install libportaudio2.",
            )
        )
    except EngineError as problem:
        found.append(Finding(name="sound", ok=False, needed=False, detail=problem.message, remedy=problem.remedy))
    return found


def _folder_findings(home: Path | None) -> list[Finding]:
    paths = AppPaths.open(home)
    try:
        free_gb = shutil.disk_usage(paths.data).free / 1e9
        keys = KeyStore(paths)
        return [
            Finding(name="folders", ok=True, detail=str(paths.data)),
            Finding(
                name="disk",
                ok=free_gb > 2,
                detail=f"{free_gb:.0f} GB free",
                remedy="Free some space: stems and decoded audio need it.",
            ),
            Finding(
                name="keys",
                ok=keys.notice is None,
                needed=False,
                detail="in the system's keyring" if keys.in_keyring else "in files of your own user",
                remedy=keys.notice or "",
            ),
        ]
    finally:
        paths.close()


def _worker_findings(*, warm: bool) -> list[Finding]:
    worker = Worker(nice=0)
    found: list[Finding] = []
    try:
        providers = worker.run("studio.flows.warm:providers", {})
        found.append(
            Finding(
                name="models run on",
                ok=bool(providers),
                detail=", ".join(providers) or "nothing",
                remedy="Reinstall onnxruntime.",
            )
        )
        if warm:
            with tempfile.TemporaryDirectory() as folder:
                worker.run("studio.flows.warm:warm", {"folder": folder})
            found.append(Finding(name="audio kernels", ok=True, detail="compiled"))
    except (StudioError, EngineError) as problem:
        sys.stderr.write(str(problem.details.get("traceback", "")))
        found.append(Finding(name="worker", ok=False, detail=problem.message, remedy=problem.remedy))
    finally:
        worker.close()
    return found


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
