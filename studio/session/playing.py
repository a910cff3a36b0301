"""What the session asks of the player beyond the transport: alternatives, recording, metronome, devices."""

from __future__ import annotations

from typing import Literal, Protocol

from engine.plan import MixPlan

At = Literal["now", "beat", "bar"]


class Recorded(Protocol):
    """A recording that has ended: a float WAV file and where its first frame lies on the timeline."""

    @property
    def path(self) -> str: ...

    @property
    def start_s(self) -> float: ...

    @property
    def frames(self) -> int: ...

    @property
    def notice(self) -> str: ...


class PlayerStatus(Protocol):
    """The part of the player's status that is asked here."""

    @property
    def playing(self) -> bool: ...

    @property
    def position_s(self) -> float: ...

    @property
    def alternative(self) -> str: ...


class Playing(Protocol):
    """The player, as far as it is asked here; `engine.playback.player.Player` is one."""

    def status(self) -> PlayerStatus: ...

    def play(self, from_s: float | None = None, count_in_bars: int = 0) -> None: ...

    def pause(self) -> None: ...

    def stop(self) -> None: ...

    def prepare(self, name: str, plan: MixPlan, gain_db: float = 0.0) -> None: ...

    def switch(self, name: str, at: At = "now") -> None: ...

    def drop(self, name: str) -> None: ...

    def set_metronome(self, enabled: bool, gain_db: float = -12.0) -> None: ...

    def set_audio(
        self,
        device: str | None = None,
        input: str | None = None,
        block_frames: int | None = None,
        rate: int | None = None,
        input_channels: tuple[int, ...] | None = None,
    ) -> None: ...

    def test_tone(self, seconds: float = 1.0) -> object: ...

    def arm(self, input_device: str | None = "", channels: tuple[int, ...] = (0, 1)) -> None: ...

    def record(
        self,
        path: str,
        start_s: float,
        punch_in_s: float | None = None,
        punch_out_s: float | None = None,
        latency_s: float | None = None,
    ) -> object: ...

    def stop_record(self) -> Recorded: ...

    def disarm(self) -> None: ...
