"""The real-time engine in figures: ``python -m tests.bench.engine`` or ``contrafact bench engine``.

What is measured where: the callback ladder and the torture on JACK's dummy driver, in an engine process of their own;
strips, the largest number of tracks and the bounce straight in compiled code (`tests.bench.engine_core`).
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import multiprocessing
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from engine.playback.player import Player
from tests.bench import jack
from tests.bench.control import Control
from tests.bench.host import Surroundings, underruns
from tests.bench.mixes import busy_plan, write_sources

LADDER = (64, 128, 256, 512, 1024)
TRACKS = 32
RATE = 48_000
PACK = Path(__file__).resolve().parents[2] / "onnx_models" / "separation-default"


def callback_step(frames: int, seconds: float, folder: str, answer: Any) -> None:
    """One step of the ladder, in a process that has not looked for devices before: an engine, played for a while.

    Args:
        answer: a queue that gets the figures.
    """
    from engine.playback.engine import Engine
    from engine.playback.messages import Play, SetAudio, SetPlan
    from engine.playback.telemetry import SIZE
    from engine.playback.warm import warm

    with contextlib.suppress(OSError):
        os.nice(-11)
    usual = warm(rate=RATE)
    engine = Engine(bytearray(SIZE), lambda _: None)
    engine.deck.learn(usual)
    engine.open(SetAudio(None), default_rate=RATE)
    engine.start()
    try:
        engine.do(SetPlan(busy_plan(write_sources(Path(folder)), tracks=TRACKS), 1))
        engine.do(Play(0))
        time.sleep(1.0)
        deck = engine.deck
        calls, own, system, driver = deck.calls, deck.xruns_own, deck.xruns_system, deck.xruns_driver
        time.sleep(seconds)
        spent = deck.durations_ns()[-max(deck.calls - calls, 1) :] / 1000.0
        output = engine.output
        answer.put(
            {
                "frames": deck.block_frames,
                "p50_us": round(float(np.percentile(spent, 50)), 1),
                "p95_us": round(float(np.percentile(spent, 95)), 1),
                "p99_us": round(float(np.percentile(spent, 99)), 1),
                "max_us": round(float(spent.max()), 1),
                "budget_us": round(frames / RATE * 1e6, 1),
                "callbacks": int(spent.size),
                "underruns_own": deck.xruns_own - own,
                "underruns_system": deck.xruns_system - system,
                "underruns_driver": deck.xruns_driver - driver,
                "device": output.id if output is not None else "none",
            }
        )
    finally:
        engine.close()


def ladder(*, seconds: float, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """How long a callback takes, from small blocks to large ones, with `TRACKS` tracks of full strips."""
    context = multiprocessing.get_context("spawn")
    rows: list[dict[str, Any]] = []
    for frames in LADDER:
        with jack.server(frames=frames, rate=RATE), tempfile.TemporaryDirectory() as folder:
            answer = context.Queue()
            process = context.Process(target=callback_step, args=(frames, seconds, folder, answer))
            process.start()
            try:
                rows.append(answer.get(timeout=seconds + 120.0))
            finally:
                process.join(10.0)
                if process.is_alive():
                    process.kill()
        say(f"callback {rows[-1]}")
    return rows


class Torture:
    """What keeps the window's process, and the machine, as busy as a bad day: regular expressions and the garbage
    collector in threads that fight for the interpreter lock, large repaints, and a model in a worker process.
    """

    def __init__(self) -> None:
        self._stop = threading.Event()
        self.done = {"regex": 0, "collections": 0, "repaints": 0, "inferences": 0}
        self._threads = [
            threading.Thread(target=body, daemon=True)
            for body in (self._regex, self._collect, self._repaint, self._infer)
        ]

    def __enter__(self) -> Torture:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30.0)

    def _regex(self) -> None:
        text = "".join(chr(97 + i * i % 26) for i in range(20_000))
        pattern = re.compile(r"(?:[a-m]+[n-z]?)+?q")
        while not self._stop.is_set():
            pattern.findall(text)
            self.done["regex"] += 1

    def _collect(self) -> None:
        while not self._stop.is_set():
            rubbish: list[Any] = [[] for _ in range(50_000)]
            for each in rubbish:
                each.append(rubbish)
            gc.collect()
            self.done["collections"] += 1

    def _repaint(self) -> None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        from PySide6.QtGui import QColor, QImage, QPainter

        image = QImage(2560, 1440, QImage.Format.Format_ARGB32_Premultiplied)
        while not self._stop.is_set():
            painter = QPainter(image)
            image.fill(QColor("#202428"))
            for i in range(400):
                painter.setPen(QColor.fromHsv(i % 360, 200, 200))
                painter.drawLine(0, i * 3, 2560, (i * 37) % 1440)
            painter.end()
            self.done["repaints"] += 1

    def _infer(self) -> None:
        from engine.worker import Worker

        worker = Worker()
        try:
            while not self._stop.is_set():
                worker.run("engine.inference.packs:verify_pack_task", {"pack_dir": str(PACK), "provider": "cpu"})
                self.done["inferences"] += 1
        finally:
            worker.close()


def gil_torture(*, minutes: float, frames: int = 128, say: Callable[[str], None]) -> dict[str, Any]:
    """Underruns while this process, which holds the player as the window does, is tortured."""
    control = Control(frames=frames)
    with (
        jack.server(frames=frames, rate=RATE),
        tempfile.TemporaryDirectory() as folder,
        Player() as player,
        control,
    ):
        player.set_plan(busy_plan(write_sources(Path(folder)), tracks=TRACKS, loop=True))
        player.play(0.0)
        if not player.wait_ready(120.0):
            raise jack.NoJack("the engine does not start")
        while not player.status().playing:
            time.sleep(0.05)
        before = player.status()
        surroundings = Surroundings()
        with Torture() as torture:
            ends = time.monotonic() + minutes * 60.0
            while time.monotonic() < ends:
                time.sleep(0.033)
                player.status()
                player.meters()
        after = player.status()
        say(f"torture {torture.done}")
        figures: dict[str, Any] = {
            "minutes": minutes,
            "frames": after.block_frames,
            **underruns(before, after),
            **surroundings.figures(),
            "torture": torture.done,
            "still_playing": after.playing,
        }
    return figures | {"control": control.figures}


def run(
    *, peer: str | None, seconds: float, minutes: float, say: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """All figures, with the keys of the project's ``bench engine --json``.

    Args:
        peer: "dawdreamer" measures it in the same run, where it is installed.
        seconds: of each step of the callback ladder.
        minutes: of the torture.
        say: told what has been measured.

    Raises:
        jack.NoJack: without the dummy driver.
    """
    from tests.bench import engine_core

    figures: dict[str, Any] = dict(engine_core.run(peer=peer))
    say(f"core {figures}")
    figures["callback"] = ladder(seconds=seconds, say=say)
    figures["gil_torture"] = gil_torture(minutes=minutes, say=say)
    return figures


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="contrafact bench engine", description=__doc__)
    parser.add_argument("--peer", choices=["dawdreamer"])
    parser.add_argument("--seconds", type=float, default=10.0, help="of each step of the callback ladder")
    parser.add_argument("--minutes", type=float, default=10.0, help="of the torture")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    try:
        figures = run(
            peer=chosen.peer,
            seconds=chosen.seconds,
            minutes=chosen.minutes,
            say=lambda text: print(text, file=sys.stderr, flush=True),
        )
    except jack.NoJack as problem:
        print(f"error: {problem}\n  what to do: install jackd2 and libportaudio2", file=sys.stderr)
        return 1
    print(json.dumps(figures, indent=2) if chosen.json else "\n".join(f"{k}: {v}" for k, v in figures.items()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
