"""The transport: a thread that renders 100-200 ms ahead into the ring, and publishes what is heard."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import soxr  # pyright: ignore[reportMissingTypeStubs]

from engine.dsp.loudness import LoudnessMeter, TruePeakMeter
from engine.errors import EngineError
from engine.plan import LoopPlan, MixPlan
from engine.playback.live import LiveRenderer
from engine.playback.ring import Ring
from engine.playback.telemetry import MAX_TRACKS, Telemetry
from engine.types import Audio

BLOCK = 256
AHEAD_S = 0.15
START_S = 0.03
"""Play-back starts once this much is rendered."""

PEAK_HOLD_S = 0.05
"""Peaks are published as the highest of this time, so that a window that looks 30 times a second misses none."""

RMS_S = 0.3
IDLE_S = 0.004
RESTING_S = 0.02
LOAD_SMOOTHING = 0.05


class _Heard(NamedTuple):
    """What a stretch of the ring holds: `frames` device frames from ring count `start` on, from timeline frame
    `frame`.
    """

    start: int
    frames: int
    frame: int
    loop: LoopPlan | None
    serial: int
    tracks: npt.NDArray[np.float32]
    master: tuple[float, float]
    lufs_m: float
    lufs_s: float
    true_peak: float


class Transport:
    """Plays plans into a ring. All methods may be called from any thread; they take effect at the next block.

    Args:
        ring: what the device reads.
        telemetry: where status and meters go.
        rate: Hz of the device; plans of another rate are converted.
        latency_s: of the device.
    """

    def __init__(self, ring: Ring, telemetry: Telemetry, *, rate: int, latency_s: float = 0.0):
        self.ring = ring
        self._telemetry = telemetry
        self._rate = rate
        self._latency_frames = round(latency_s * rate)
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._live: LiveRenderer | None = None
        self._serial = 0
        self._playing = False
        self._pausing = False
        self._ended = False
        self._position = 0
        self._started_at = 0
        self._resampler: Any = None
        self._heard: deque[_Heard] = deque()
        self._recent: deque[_Heard] = deque()
        self._loudness: LoudnessMeter | None = None
        self._true_peak = TruePeakMeter(2)
        self._load = 0.0
        self._beat = 0
        self.notice = ""
        """What went wrong with the last plan; "" when nothing did."""
        self._thread: threading.Thread | None = None

    # -- commands
    # -------------------------------------------------------------------------------------------------------

    def set_plan(self, plan: MixPlan, serial: int) -> None:
        """Play `plan` from the next block on, without a gap. A plan that cannot be played leaves the old one, with a
        notice.
        """
        live = self._live
        try:
            same = live is not None and live.plan.rate == plan.rate
            prepared = live.prepare(plan) if live is not None and same else LiveRenderer(plan)
        except EngineError as error:
            self.notice = f"{error.message} {error.remedy}"
            return
        with self._lock:
            self.notice = ""
            self._serial = serial
            if isinstance(prepared, LiveRenderer):
                if live is not None:
                    # Another rate: the play-head keeps its time, not its frame.
                    self._position = round(self._position * plan.rate / live.plan.rate)
                self._live = prepared
                if self._playing:
                    self._begin(self._position)
            elif self._live is not None:
                self._live.swap(prepared)
        self._wake.set()

    def set_loop(self, loop: LoopPlan | None) -> None:
        """Loop here from the next block on, or nowhere."""
        with self._lock:
            if self._live is not None:
                self._live.set_loop(loop)

    def play(self, frame: int | None = None) -> None:
        """Start at `frame` of the plan, or where the play-head is; at the end of the plan, from its beginning."""
        with self._lock:
            if self._live is None:
                return
            if self._playing and frame is None:
                return
            start = self._position if frame is None else max(frame, 0)
            if start >= self._live.plan.length_frames and self._live.plan.loop is None:
                start = 0
            self._started_at = start
            self._true_peak = TruePeakMeter(2)
            self._begin(start)
            self._playing, self._pausing = True, False
        self._wake.set()

    def pause(self) -> None:
        """Ramp down and stay."""
        with self._lock:
            self._halt()

    def stop(self) -> None:
        """Ramp down and go back to where play-back was started; when it is not playing, to the beginning."""
        with self._lock:
            self._position = self._started_at if self._playing else 0
            self._halt()
            self._pausing = False
            self._clear()

    def seek(self, frame: int) -> None:
        """Put the play-head on `frame`; play-back goes on from there."""
        with self._lock:
            self._position = max(frame, 0)
            if self._playing:
                self._begin(self._position)
            else:
                self._pausing = False
                self._clear()
        self._wake.set()

    # -- state, all under the lock
    # --------------------------------------------------------------------------------------

    def _halt(self) -> None:
        if self._playing:
            self.ring.run(False)
            self._playing, self._pausing = False, True

    def _clear(self) -> None:
        self._heard.clear()
        self._recent.clear()

    def _begin(self, frame: int) -> None:
        """Render from `frame` on; what the ring holds is skipped with a ramp."""
        live = self._live
        if live is None:
            return
        self._position = frame
        self._ended = False
        self.ring.ending(False)
        live.seek(frame)
        # The reader waits, ramped down, until there is enough to go on with.
        self.ring.run(False)
        self.ring.jump()
        self._clear()
        self._loudness = LoudnessMeter(2, rate=live.plan.rate)
        rate = live.plan.rate
        self._resampler = (
            None if rate == self._rate else soxr.ResampleStream(rate, self._rate, 2, dtype="float32", quality="HQ")
        )

    # -- the thread
    # -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the render thread."""
        self._thread = threading.Thread(target=self._run, name="render-ahead", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the render thread."""
        self._closed = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(2.0)

    def _run(self) -> None:
        while not self._closed:
            busy = self.advance()
            if not busy:
                self._wake.wait(IDLE_S if self._playing or self._pausing else RESTING_S)
                self._wake.clear()

    def advance(self) -> bool:
        """Render one block if the ring wants one, and publish. True while there is more to do at once."""
        with self._lock:
            rendered = False
            if self._playing and not self._ended and self.ring.ahead < AHEAD_S * self._rate:
                try:
                    self._render()
                    rendered = True
                except EngineError as error:
                    self.notice = f"{error.message} {error.remedy}"
                    self._halt()
            if self._playing and (self._ended or self.ring.ahead >= START_S * self._rate):
                self.ring.run(True)
            self._follow()
            return rendered and self.ring.ahead < AHEAD_S * self._rate

    def _render(self) -> None:
        live = self._live
        if live is None:
            return
        plan = live.plan
        frame = live.position
        count = BLOCK
        if plan.loop is None or frame >= plan.loop.end_frame:
            count = min(BLOCK, plan.length_frames - frame)
        if count <= 0:
            self._finish()
            return
        begin = time.perf_counter()
        block = np.empty((2, count), dtype=np.float32)
        live.process(block)
        spent = time.perf_counter() - begin
        self._load += LOAD_SMOOTHING * (spent * plan.rate / count - self._load)
        self._push(block, frame, plan)

    def _finish(self) -> None:
        """Nothing follows: flush the converter, and let the ring run dry."""
        if self._resampler is not None:
            tail = self._resampler.resample_chunk(np.zeros((0, 2), dtype=np.float32), last=True).T
            if tail.shape[1]:
                self.ring.write(tail)
        self._ended = True
        self.ring.ending(True)

    def _push(self, block: Audio, frame: int, plan: MixPlan) -> None:
        if self._loudness is None or self._live is None:
            return
        self._loudness.process(block)
        self._true_peak.process(block)
        stats = list(self._live.current.bank.stats().values())[:MAX_TRACKS]
        peaks = np.abs(block).max(axis=1)
        out = block
        if self._resampler is not None:
            out = self._resampler.resample_chunk(np.ascontiguousarray(block.T)).T
        self._heard.append(
            _Heard(
                start=self.ring.written,
                frames=out.shape[1],
                frame=frame,
                loop=plan.loop,
                serial=self._serial,
                tracks=np.array(stats, dtype=np.float32).reshape(-1, 4),
                master=(float(peaks[0]), float(peaks[1])),
                lufs_m=self._loudness.window_lufs(0.4),
                lufs_s=self._loudness.window_lufs(3.0),
                true_peak=self._true_peak.peak,
            )
        )
        if out.shape[1]:
            self.ring.write(out)

    def _follow(self) -> None:
        """Publish what the device has taken, less its latency."""
        if self._pausing and self.ring.quiet:
            self._pausing = False
        if not self.ring.jumping:
            heard = self.ring.read - (self._latency_frames if self._playing else 0)
            while self._heard and self._heard[0].start + self._heard[0].frames <= heard:
                self._recent.append(self._heard.popleft())
            keep = max(round(RMS_S * self._rate), BLOCK)
            while self._recent and self._recent[0].start < heard - keep:
                self._recent.popleft()
            if self._playing or self._pausing:
                self._locate(heard)
            if self._playing and self._ended and self.ring.ahead <= 0:
                self._playing = False
                self.ring.run(False)
                self._position = self._live.plan.length_frames if self._live is not None else 0
                self._clear()
        self._publish()

    def _locate(self, heard: int) -> None:
        entry = self._heard[0] if self._heard else (self._recent[-1] if self._recent else None)
        if entry is None or self._live is None:
            return
        inside = min(max(heard - entry.start, 0), entry.frames)
        frame = entry.frame + round(inside * self._live.plan.rate / self._rate)
        if entry.loop is not None and entry.frame < entry.loop.end_frame <= frame:
            length = entry.loop.end_frame - entry.loop.start_frame
            frame = entry.loop.start_frame + (frame - entry.loop.end_frame) % max(length, 1)
        self._position = frame

    def _publish(self) -> None:
        self._beat += 1
        meters: dict[str, Any] = {"master": (0.0, 0.0), "lufs_m": -math.inf, "lufs_s": -math.inf}
        tracks = np.zeros((MAX_TRACKS, 4), dtype=np.float32)
        serial = self._serial
        if self._recent and self._playing:
            last = self._recent[-1]
            serial = last.serial
            same = [entry for entry in self._recent if entry.serial == serial]
            hold = last.start - PEAK_HOLD_S * self._rate
            recent = [entry for entry in same if entry.start >= hold]
            rows = last.tracks.shape[0]
            tracks[:rows, :2] = np.max([entry.tracks[:, :2] for entry in recent], axis=0)
            tracks[:rows, 2:] = np.sqrt(np.mean([entry.tracks[:, 2:] for entry in same], axis=0))
            meters["master"] = np.max([entry.master for entry in recent], axis=0)
            meters["lufs_m"], meters["lufs_s"] = last.lufs_m, last.lufs_s
        peak = self._recent[-1].true_peak if self._recent else self._true_peak.peak
        self._telemetry.publish(
            serial=serial,
            heartbeat=self._beat,
            playing=int(self._playing),
            frame=self._position,
            plan_rate=self._live.plan.rate if self._live is not None else self._rate,
            rate=self._rate,
            block_frames=self.ring.block_frames,
            xruns=self.ring.xruns,
            latency_s=self._latency_frames / self._rate,
            dsp_load=self._load if self._playing else 0.0,
            true_peak_dbtp=20.0 * math.log10(peak) if peak > 0.0 else -math.inf,
            tracks=tracks,
            **meters,
        )
