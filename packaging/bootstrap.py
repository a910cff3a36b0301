#!/usr/bin/env python3
"""From a fresh clone to a running studio, with nothing but Python's standard library.

    python3 packaging/bootstrap.py demo [--out DIR]   set up, then make a licensed remix end to end
    python3 packaging/bootstrap.py test [PYTEST ...]  set up, then everything that CI checks
    python3 packaging/bootstrap.py run [PROJECT]      set up, then open the studio
    python3 packaging/bootstrap.py doctor             set up, then say what works on this machine

Set-up makes `.venv`, installs the pinned requirements and the project, and sees to the system libraries. It is
skipped while nothing changed.
"""

from __future__ import annotations

import argparse
import ctypes.util
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "contrafact-setup"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
OLDEST, NEWEST = (3, 11), (3, 13)

# library to look for -> the packages that hold it
LIBRARIES = {
    "portaudio": {"apt": "libportaudio2", "dnf": "portaudio", "pacman": "portaudio"},
    "EGL": {"apt": "libegl1", "dnf": "libglvnd-egl", "pacman": "libglvnd"},
    "GL": {"apt": "libgl1", "dnf": "libglvnd-glx", "pacman": "libglvnd"},
    "xkbcommon-x11": {"apt": "libxkbcommon-x11-0", "dnf": "libxkbcommon-x11", "pacman": "libxkbcommon-x11"},
    "xcb-cursor": {"apt": "libxcb-cursor0", "dnf": "xcb-util-cursor", "pacman": "xcb-util-cursor"},
    "xcb-icccm": {"apt": "libxcb-icccm4", "dnf": "xcb-util-wm", "pacman": "xcb-util-wm"},
    "xcb-keysyms": {"apt": "libxcb-keysyms1", "dnf": "xcb-util-keysyms", "pacman": "xcb-util-keysyms"},
    "xcb-image": {"apt": "libxcb-image0", "dnf": "xcb-util-image", "pacman": "xcb-util-image"},
    "xcb-render-util": {"apt": "libxcb-render-util0", "dnf": "xcb-util-renderutil", "pacman": "xcb-util-renderutil"},
    "xcb-shape": {"apt": "libxcb-shape0", "dnf": "libxcb", "pacman": "libxcb"},
    "dbus-1": {"apt": "libdbus-1-3", "dnf": "dbus-libs", "pacman": "dbus"},
    "fontconfig": {"apt": "libfontconfig1", "dnf": "fontconfig", "pacman": "fontconfig"},
}
TEST_PROGRAMS = {
    "Xvfb": {"apt": "xvfb", "dnf": "xorg-x11-server-Xvfb", "pacman": "xorg-server-xvfb"},
    "jackd": {"apt": "jackd2", "dnf": "jack-audio-connection-kit", "pacman": "jack2"},
}


def say(text: str) -> None:
    print(text, flush=True)


def fail(message: str, remedy: str) -> None:
    print(f"error: {message}\n  what to do: {remedy}", file=sys.stderr, flush=True)
    raise SystemExit(1)


def run(command: list[str | Path], *, quiet: bool = False, env: dict[str, str] | None = None) -> int:
    """Run a command in the project's root and return its exit code; its output is shown unless `quiet` and it
    succeeded."""
    words = [str(word) for word in command]
    if not quiet:
        return subprocess.call(words, cwd=ROOT, env=env)
    done = subprocess.run(
        words, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    if done.returncode:
        print(done.stdout[-6000:], file=sys.stderr)
    return done.returncode


def check_python() -> None:
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        found = platform.python_version()
        fail(
            f"Contrafact needs Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}; this is {found}.",
            "install Python 3.12 from python.org or your system, and run the same command with it.",
        )


def missing_system_packages(*, tests: bool) -> list[dict[str, str]]:
    if not sys.platform.startswith("linux"):
        return []
    missing = [packages for name, packages in LIBRARIES.items() if ctypes.util.find_library(name) is None]
    if tests:
        missing += [packages for name, packages in TEST_PROGRAMS.items() if shutil.which(name) is None]
    return missing


def install_system_packages(*, tests: bool) -> None:
    """Install what Qt and PortAudio need where apt can do it without a question, else name it and go on."""
    missing = missing_system_packages(tests=tests)
    if not missing:
        return
    manager = next(
        (name for name, program in (("apt", "apt-get"), ("dnf", "dnf"), ("pacman", "pacman")) if shutil.which(program)),
        "apt",
    )
    names = sorted({packages[manager] for packages in missing})
    command = {
        "apt": ["apt-get", "install", "-y", "--no-install-recommends"],
        "dnf": ["dnf", "install", "-y"],
        "pacman": ["pacman", "-S", "--noconfirm"],
    }[manager]
    become: list[str] = []
    if os.geteuid() != 0:
        allowed = (
            shutil.which("sudo")
            and subprocess.call(["sudo", "-n", "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
        )
        become = ["sudo", "-n"] if allowed else []
    if manager == "apt" and shutil.which("apt-get") and (os.geteuid() == 0 or become):
        say(f"installing system libraries: {' '.join(names)}")
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run([*become, "apt-get", "update", "-qq"], quiet=True, env=env)
        if run([*become, *command, *names], quiet=True, env=env) == 0:
            return
    say(f"note: these system packages are missing: {' '.join(names)}")
    say(f"      install them with: sudo {' '.join(command)} {' '.join(names)}")
    say("      without them the window or the sound may not start; everything else works.")


def fingerprint(lock: Path) -> str:
    parts = [
        lock.read_bytes(),
        (ROOT / "pyproject.toml").read_bytes(),
        (ROOT / "packaging" / "requirements-build.txt").read_bytes(),
    ]
    return hashlib.sha256(b"\0".join(parts) + f"{sys.version_info[:2]}{ROOT}".encode()).hexdigest()


def set_up(*, dev: bool) -> None:
    """Make `.venv` and install everything pinned; a no-op when the stamp says that it is all there."""
    check_python()
    runtime, full = ROOT / "packaging" / "requirements.lock", ROOT / "packaging" / "requirements-dev.lock"
    wanted = {"runtime": fingerprint(runtime), "dev": fingerprint(full)}
    stamped = STAMP.read_text().split() if STAMP.exists() and PYTHON.exists() else []
    if wanted["dev"] in stamped or (not dev and wanted["runtime"] in stamped):
        if dev:
            install_system_packages(tests=True)
        return
    install_system_packages(tests=dev)
    started = time.monotonic()
    say("setting up: this takes a minute or two the first time")
    if not PYTHON.exists():
        try:
            venv.EnvBuilder(with_pip=True, clear=VENV.exists()).create(VENV)
        except (OSError, subprocess.CalledProcessError) as error:
            fail(
                f"the virtual environment could not be made ({error}).",
                "on Debian and Ubuntu, install python3-venv; check that the disk is not full.",
            )
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    lock = full if dev else runtime
    steps = (
        [*pip, "-r", ROOT / "packaging" / "requirements-build.txt"],
        [*pip, "-r", lock],
        [*pip, "--no-deps", "--no-build-isolation", "-e", ROOT],
    )
    for step in steps:
        if run(step, quiet=True) != 0:
            fail(
                "a package could not be installed.",
                "check the network connection and the free disk space (about 2 GB), then run the same command again.",
            )
    say("warming up the audio kernels")
    if run([PYTHON, "-m", "ui", "doctor", "--warm", "--quiet"], quiet=True) != 0:
        fail("the installation does not work on this machine.", f"run {PYTHON} -m ui doctor and follow what it says.")
    STAMP.write_text("\n".join([wanted["dev"], wanted["runtime"]] if dev else [wanted["runtime"]]))
    say(f"set up in {time.monotonic() - started:.0f} s")


def command_test(arguments: list[str]) -> int:
    """What CI runs: formatting, lint, types, layers, then all tests; the first failing step is named."""
    set_up(dev=True)
    env = {
        **os.environ,
        "CONTRAFACT_KEYSTORE": "file",
        "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
    }
    steps: list[tuple[str, list[str | Path]]] = []
    if not arguments:
        steps = [
            ("ruff check", [PYTHON, "-m", "ruff", "check", "."]),
            ("ruff format", [PYTHON, "-m", "ruff", "format", "--check", "."]),
            ("import-linter", [BIN / "lint-imports"]),
            ("pyright", [PYTHON, "-m", "pyright"]),
        ]
    # Two at a time, a file on one of them, so that what a file prepares once is prepared once.
    together: list[str | Path] = [] if arguments else ["-n", "2", "--dist", "loadfile"]
    steps.append(("pytest", [PYTHON, "-m", "pytest", *together, *arguments]))
    for title, command in steps:
        say(f"== {title}")
        code = run(command, env=env)
        if code != 0:
            say(f"== {title} failed")
            return code
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job", choices=["demo", "test", "run", "doctor"])
    options, rest = parser.parse_known_args()
    if options.job == "test":
        return command_test(rest)
    set_up(dev=False)
    words = {"demo": ["demo", *rest], "run": rest, "doctor": ["doctor", *rest]}[options.job]
    # Paths on the command line are those of the folder in which it was typed.
    return subprocess.call([str(PYTHON), "-m", "ui", *words])


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        raise SystemExit(130) from None
