"""A session with a player that notes what it is told, so that no sound device and no engine process is needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from engine.plan import MixPlan
from engine.playback.messages import Pass
from studio.session import Session
from studio.session.following import PlanFollower

RATE = 48_000


@dataclass
class Status:
    playing: bool = False
    position_s: float = 0.0
    alternative: str = ""
    lost_sources: tuple[str, ...] = ()


@dataclass
class Recorded:
    path: str
    start_s: float
    frames: int
    notice: str = ""
    passes: tuple[Pass, ...] = ()


@dataclass
class NotingPlayer:
    """Keeps what it is told in `said`; a recording is a file with a tone of `recorded_s` seconds, of
    one or two channels as they were armed."""

    said: list[tuple[Any, ...]] = field(default_factory=list)
    plan: MixPlan | None = None
    state: Status = field(default_factory=Status)
    recorded_s: float = 1.0
    passes: tuple[Pass, ...] = ()
    loops: bool = False
    late_s: float = 0.0
    right: float = 1.0
    """By how much the second input is louder than the first."""
    channels: tuple[int, ...] = (0, 1)
    _target: tuple[str, float] | None = None
    planned: threading.Event = field(default_factory=threading.Event)

    def set_plan(self, plan: MixPlan) -> None:
        self.plan = plan
        self.planned.set()

    def status(self) -> Status:
        return self.state

    def play(self, from_s: float | None = None, count_in_bars: int = 0) -> None:
        self.said.append(("play", from_s, count_in_bars, self.plan is not None))
        self.state.playing = True

    def pause(self) -> None:
        self.said.append(("pause",))
        self.state.playing = False

    def stop(self) -> None:
        self.said.append(("stop",))
        self.state.playing = False

    def prepare(self, name: str, plan: MixPlan, gain_db: float = 0.0) -> None:
        self.said.append(("prepare", name, round(gain_db, 1)))

    def switch(self, name: str, at: str = "now") -> None:
        self.said.append(("switch", name, at))
        self.state.alternative = name

    def drop(self, name: str) -> None:
        self.said.append(("drop", name))

    def set_metronome(self, enabled: bool, gain_db: float = -12.0) -> None:
        self.said.append(("metronome", enabled, gain_db))

    def set_audio(self, **how: Any) -> None:
        self.said.append(("audio", how))

    def arm(self, input_device: str | None = "", channels: tuple[int, ...] = (0, 1)) -> None:
        self.said.append(("arm", input_device, channels))
        self.channels = channels

    def record(
        self,
        path: str,
        start_s: float,
        punch_in_s: float | None = None,
        punch_out_s: float | None = None,
        latency_s: float | None = None,
        count_in_bars: int = 0,
        loop: bool = False,
    ) -> None:
        self.loops = loop
        self.said.append(("record", start_s, punch_in_s, punch_out_s, latency_s, count_in_bars))
        self._target = (path, start_s)

    def stop_record(self) -> Recorded:
        assert self._target is not None
        path, start_s = self._target
        frames = round(self.recorded_s * RATE)
        if frames:
            tone = 0.2 * np.sin(2 * np.pi * 220 * np.arange(frames) / RATE)
            sides = [tone, self.right * tone] if self.channels == (0, 1) else [tone]
            soundfile.write(path, np.stack(sides, axis=1), RATE, subtype="FLOAT")
        return Recorded(path, start_s + self.late_s, frames, passes=self.passes)

    def close(self) -> None:
        pass


@dataclass
class Desk:
    """A session and its player."""

    session: Session
    player: NotingPlayer


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A session without a window, opened once: it takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTRAFACT_KEYSTORE", "file")
        session = Session.open(tmp_path_factory.mktemp("home"), headless=True)
        yield session
        session.close()


@pytest.fixture
def desk(opened: Session) -> Iterator[Desk]:
    """The session with a new project, settings as they come, and a player that notes."""
    opened.settings.reset()
    opened.new_project()
    player = NotingPlayer()
    opened._player = player  # type: ignore[assignment]
    follower = PlanFollower(lambda: opened.project, opened.media, player, opened._tell)  # type: ignore[arg-type]
    opened._follower = follower
    follower.wake()
    assert player.planned.wait(60.0)
    yield Desk(opened, player)
    opened._recording = opened._comparison = None
    follower.close()


@pytest.fixture
def song(tmp_path: Path) -> Callable[..., Path]:
    """Write a tone of one's own as a WAV file."""

    def write(name: str = "tone", *, seconds: float = 4.0, level: float = 0.2) -> Path:
        tone = level * np.sin(2 * np.pi * 330 * np.arange(round(seconds * RATE)) / RATE)
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, np.stack([tone, tone], axis=1), RATE, subtype="FLOAT")
        return path

    return write
