"""A cable from the engine's output to its input, through the JACK server."""

from __future__ import annotations

import shutil
import subprocess
import time

from tests.bench.jack import NoJack

PATIENCE_S = 10.0


def ports() -> list[str]:
    """All ports of the server."""
    listed = subprocess.run([_tool("jack_lsp")], capture_output=True, text=True, check=False, timeout=10)
    return [line for line in listed.stdout.splitlines() if ":" in line]


def connect() -> None:
    """Lead what the engine plays back into what it records.

    Raises:
        NoJack: JACK's tools are missing, or its ports do not appear.
    """
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = ports()
        outputs = sorted(port for port in found if ":out_" in port and not port.startswith("system"))
        inputs = sorted(port for port in found if ":in_" in port and not port.startswith("system"))
        if len(outputs) >= 2 and len(inputs) >= 2:
            break
        time.sleep(0.1)
    else:
        raise NoJack(f"the engine's ports do not appear: {ports()}")
    for capture in (port for port in found if port.startswith("system:capture")):
        for port in inputs:
            _run("jack_disconnect", capture, port)
    for output, port in zip(outputs, inputs, strict=False):
        _run("jack_connect", output, port)


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NoJack(f"{name} is not installed")
    return found


def _run(name: str, *arguments: str) -> None:
    subprocess.run([_tool(name), *arguments], capture_output=True, check=False, timeout=10)
