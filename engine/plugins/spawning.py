"""Processes that are started from processes which may themselves be helpers."""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
from collections.abc import Generator
from multiprocessing.process import BaseProcess
from typing import Any

_LOCK = threading.Lock()

CONTEXT = multiprocessing.get_context("spawn")


def start(process: BaseProcess) -> None:
    """Start a process that watches its pipes and ends by itself, from whatever process this is."""
    with _LOCK, _may_have_children():
        process.start()


@contextlib.contextmanager
def _may_have_children() -> Generator[None]:
    # multiprocessing forbids daemonic processes to have children, because those would outlive it; these do not.
    settings: dict[str, Any] = vars(multiprocessing.current_process()).get("_config", {})
    daemon = settings.pop("daemon", None)
    try:
        yield
    finally:
        if daemon is not None:
            settings["daemon"] = daemon
