"""The engine process: it does what the player asks until the player is gone."""

from __future__ import annotations

import contextlib
import gc
import signal
import sys
import threading
from multiprocessing.connection import Connection
from typing import Any

from engine.playback.engine import Engine
from engine.playback.messages import Answer, Begin, Command, DeviceLost, Quit, SetPlan, SourcesLost
from engine.playback.warm import warm

POLL_S = 0.1
SWITCH_S = 0.001
"""Threads of this process hand the interpreter on this often: none of them has long work in it."""


class Inbox:
    """Commands as they come; of plans that follow each other directly, the last one.

    Args:
        connection: to the player.
    """

    def __init__(self, connection: Connection):
        self._connection = connection
        self._held: Command | None = None

    def get(self, timeout_s: float) -> Command | None:
        """The next command, None when there was none for `timeout_s`.

        Raises:
            EOFError, OSError: the player is gone.
        """
        command, self._held = self._held, None
        if command is None:
            if not self._connection.poll(timeout_s):
                return None
            command = self._connection.recv()
        while isinstance(command, SetPlan) and self._connection.poll(0):
            following: Command = self._connection.recv()
            if not isinstance(following, SetPlan):
                self._held = following
                break
            command = following
        return command


def engine_main(connection: Connection, memory: Any) -> None:
    """Wait, warm, for a `Begin`, then run the engine until the player closes the pipe or asks to quit."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.setswitchinterval(SWITCH_S)
    usual = warm()
    # What is loaded stays: the collector need not look at it again.
    gc.freeze()
    try:
        first = connection.recv()
    except (EOFError, OSError):
        return
    if not isinstance(first, Begin):
        return
    sending = threading.Lock()

    def send(message: Answer | SourcesLost) -> None:
        with sending, contextlib.suppress(OSError, ValueError):
            connection.send(message)

    engine = Engine(memory, send)
    engine.deck.learn(usual)
    engine.open(first.audio, default_rate=first.rate)
    engine.start()
    inbox = Inbox(connection)
    try:
        while True:
            command = inbox.get(POLL_S)
            if isinstance(command, Quit):
                return
            if command is not None:
                engine.do(command)
            engine.transport.collect()
            if (name := engine.lost) is not None:
                with sending:
                    connection.send(DeviceLost(name))
                return
    except (EOFError, OSError):
        # The player is gone.
        return
    finally:
        engine.close()
