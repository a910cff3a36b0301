"""What is published of a running engine: play-head, gaps, levels."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np

from engine.playback import deck as words
from engine.playback.deck import Deck
from engine.playback.monitor import Monitor, Spectrum
from engine.playback.telemetry import MAX_TRACKS, METER_FIELDS, Telemetry
from engine.playback.transport import Transport

REST_S = 4.0
"""After this much silence at rest all meters stand still: longer than the window of short-term loudness."""


class Output(Protocol):
    """What is told of a device."""

    id: str
    name: str
    input_id: str
    rate: int
    latency_s: float


class Figures:
    """Measures and publishes.

    Args:
        memory: the telemetry's buffer.
        deck, transport: what is looked at.
    """

    def __init__(self, memory: Any, deck: Deck, transport: Transport):
        self.telemetry = Telemetry(memory)
        self._deck, self._transport = deck, transport
        self._latency_s = 0.0
        self._beat = 0
        self._session: object = None
        self._monitor: Monitor | None = None
        self._spectrum: Spectrum | None = None
        self._at = {"master": 0, "node": 0}
        self._runs = -1
        self._silent = 0
        self._told = ""

    def device(self, output: Output) -> None:
        """Another device is open."""
        self._latency_s = output.latency_s
        self.telemetry.publish(device=output.id, device_name=output.name, input=output.input_id)

    def publish(self, *, notice: str, recording: bool) -> float:
        """Look, and publish.

        Returns:
            The peak of what leaves.
        """
        deck, transport = self._deck, self._transport
        session = transport.session
        peak = 0.0
        values: dict[str, Any] = {}
        if session is not None:
            if session is not self._session:
                self._session, self._runs = session, -1
                self._at = {"master": 0, "node": 0}
            if transport.runs != self._runs:
                # Play-back has started anew: so do loudness and true peak, from before its first sample. A wave that
                # is met in its middle has peaks which are not its own.
                self._runs = transport.runs
                self._monitor, self._spectrum = Monitor(session.rate), Spectrum(session.rate)
            self._measure(values)
            peak = self._levels(values)
        if notice != self._told:
            self._told = values["notice"] = notice
        self._beat += 1
        playing = transport.asked_playing
        self.telemetry.publish(
            serial=transport.playing_plan.serial if transport.playing_plan is not None else 0,
            heartbeat=self._beat,
            playing=int(playing),
            frame=transport.heard_position(latency_s=self._latency_s),
            plan_rate=transport.rate,
            rate=deck.rate,
            block_frames=deck.word(words.BLOCK),
            xruns_own=deck.word(words.XRUNS_OWN),
            xruns_waited=deck.word(words.WAITED_OWN),
            xruns_system=deck.word(words.XRUNS_SYSTEM),
            xruns_host=deck.word(words.XRUNS_HOST),
            callbacks=deck.calls,
            moves=deck.word(words.MOVES),
            late_count=deck.word(words.LATE),
            late=deck.late_ring,
            stages=deck.stages,
            xruns_driver=deck.word(words.XRUNS_DRIVER),
            recording=int(recording),
            counting_in=int(session is not None and playing and session.mode == "counting"),
            latency_s=self._latency_s,
            dsp_load=deck.number(words.LOAD),
            input_peak=(deck.number(words.PEAK_LEFT), deck.number(words.PEAK_RIGHT)),
            alternative=transport.alternative,
            **values,
        )
        return peak

    def _measure(self, values: dict[str, Any]) -> None:
        session, monitor, spectrum = self._transport.session, self._monitor, self._spectrum
        assert session is not None
        assert monitor is not None
        assert spectrum is not None
        master, self._at["master"] = session.read_tap("master", self._at["master"])
        node, self._at["node"] = session.read_tap("node", self._at["node"])
        # Long after the last sound nothing moves any more: a studio at rest measures nothing.
        self._silent = 0 if master.any() or node.any() else self._silent + master.shape[1]
        if self._silent > REST_S * session.rate and not self._transport.asked_playing:
            return
        monitor.process(master)
        spectrum.process(node if self._transport.tapped else master)
        values.update(
            lufs_m=monitor.lufs_m,
            lufs_s=monitor.lufs_s,
            lufs_i=monitor.lufs_i,
            correlation=monitor.correlation,
            true_peak_dbtp=monitor.true_peak_dbtp,
            spectrum=spectrum.levels_db,
        )

    def _levels(self, values: dict[str, Any]) -> float:
        transport = self._transport
        session, plan = transport.session, transport.plan
        assert session is not None
        rows = np.zeros((MAX_TRACKS, METER_FIELDS), dtype=np.float32)
        meters, bad = session.meters(), session.bad()
        for row, track in zip(rows, plan.tracks if plan is not None else (), strict=False):
            found = meters.get(track.id)
            if found is not None:
                left, right, square_left, square_right, reduction = found
                row[:5] = left, right, math.sqrt(square_left), math.sqrt(square_right), reduction
            row[5] = bad.get(track.id, 0) - transport.bad_before.get(track.id, 0)
        master = meters.get("", (0.0,) * 5)
        values.update(tracks=rows, master=master[:2], master_reduction_db=master[4])
        return max(master[0], master[1])
