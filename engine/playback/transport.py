"""The transport: it hands plans and requests to the session that the device callback runs, and knows where it is.

All methods may be called from any thread, but plans come from one thread alone. Nothing here makes sound: that is done
by the callback, which looks at the session once a block.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time

from engine.errors import EngineError
from engine.plan import LoopPlan, MixPlan
from engine.plan.flat.compile import compile_plan
from engine.plan.flat.plan import FlatPlan
from engine.plan.flat.session import Session
from engine.plan.kernel.render import RENDER
from engine.plan.sources import SourcePool
from engine.playback import deck as words
from engine.playback.deck import Deck
from engine.playback.heavy import HeavyEffects
from engine.playback.messages import Prepare, SetPlan, SwitchPoint
from engine.playback.pages import prefetch
from engine.playback.places import Places
from engine.playback.tempo import count_in_frames, next_beat
from engine.playback.versions import Versions

ENTRY: int = RENDER.address
"""Address of the plan's block function."""
SWITCH_LEAD_S = 0.03
"""A switch on the beat is asked for at least this long before."""
PUBLISH_S = 1.0
"""The callback takes a plan within a block and 10 ms; after this long it does not run."""
TOUCH_S = 0.7
"""Longer than it takes `engine.playback.upkeep` to look again."""
TAIL_S = 10.0
"""The longest that reverbs and delays ring after the end of the plan."""
SILENT = 1e-4
"""Peak below which the end is the end, -80 dBFS."""
WAIT_FOR_PLAN_S = 60.0
"""Play-back that was asked for before there was anything to play begins when there is, within this time."""


class Transport:
    """Plans, alternatives, and where play-back is.

    Args:
        deck: what the device plays.
    """

    def __init__(self, deck: Deck):
        self._deck = deck
        self.lock = threading.RLock()
        self.heavy = HeavyEffects()
        """What runs ahead of the callback."""
        self.pool = SourcePool(tolerant=True)
        self.session: Session | None = None
        self.flat: FlatPlan | None = None
        """What was published last."""
        self.playing_plan: SetPlan | Prepare | None = None
        """What `flat` was compiled from."""
        self.versions = Versions()
        self.places = Places(deck)
        self.notice = ""
        """What went wrong with the last plan; "" when nothing did."""
        self.loop_held = False
        """True while a recording keeps the loop open."""
        self.runs = 0
        """Counts starts of play-back."""
        self.bad_before: dict[str, int] = {}
        """Samples that were no numbers before the last start, by track."""
        self._loop: LoopPlan | None = None
        self._started_at = 0
        self._asked: tuple[float, int | None, int] | None = None
        self._rest: int | None = 0
        self._ended_s: float | None = None
        self._metronome = (False, -12.0)
        self._tap: str | None = None

    # -- plans
    # ------------------------------------------------------------------------------------------------------

    @property
    def plan(self) -> MixPlan | None:
        """What plays."""
        return self.playing_plan.plan if self.playing_plan is not None else None

    @property
    def rate(self) -> int:
        """Hz of the plan."""
        return self.places.rate

    @property
    def alternative(self) -> str:
        """Name of the alternative that plays; "" is the plan itself."""
        return self.versions.current

    def set_plan(self, command: SetPlan) -> None:
        """Play this plan from the next block on, without a gap; while an alternative plays, it waits behind that. A
        plan that cannot be played leaves the old one, with a notice.
        """
        self.versions.base = command
        if self.session is None or self.session.rate != command.plan.rate:
            self._begin(command.plan.rate)
            self.versions.current = ""
        if self.versions.current:
            return
        self._take(command)
        self._play_if_asked()

    def prepare(self, command: Prepare) -> None:
        """Keep an alternative ready; one that plays is exchanged without a gap.

        Raises:
            EngineError: as `engine.plan.flat.compile_plan`; code ``source-rate`` for a plan of another rate.
        """
        if self.session is not None and command.plan.rate != self.session.rate:
            raise EngineError(
                f"This version was made at {command.plan.rate} Hz, and the project runs at {self.session.rate} Hz.",
                remedy="Make it again at the rate of the project.",
                code="source-rate",
            )
        # Its sounds are opened and checked now, so that the switch need not wait for a disk.
        compile_plan(command.plan, pool=self.pool)
        self.versions.add(command)
        if self.versions.current == command.name:
            self._take(command)

    def switch(self, name: str, at: SwitchPoint) -> None:
        """Go over to an alternative, or with "" to the plan itself.

        Raises:
            EngineError: code ``alternative-unknown``.
        """
        if self._take(self.versions.get(name), at=at):
            self.versions.current = name

    def drop(self, name: str) -> None:
        """Forget an alternative; one that plays gives way to the plan."""
        self.versions.drop(name)
        if self.versions.current == name and name:
            self.versions.current = ""
            if self.versions.base is not None:
                self._take(self.versions.base)

    def _begin(self, rate: int) -> None:
        """A session of another rate; the play-head keeps its time."""
        old, was = self.session, self.asked_playing
        at = round(self.position * rate / old.rate) if old is not None else 0
        self._deck.disconnect()
        with self.lock:
            self.session = Session(rate=rate)
            self.flat = None
            self._deck.set_plan_rate(rate)
            self.connect()
            self._rest = at
            if was:
                self._asked = (time.monotonic(), at, 0)

    def connect(self) -> None:
        """Let the device play the session; it must not be playing it yet."""
        session = self.session
        if session is None:
            return
        self.places.attach(session)
        session.watch(self._deck.watch)
        self._deck.connect(ENTRY, session.address)
        self._deck.put(words.OPEN, 1)

    def _take(self, command: SetPlan | Prepare, *, at: SwitchPoint = "now") -> bool:
        """Compile and publish; False when it cannot be played."""
        session = self.session
        if session is None:
            return False
        plan = command.plan
        try:
            flat = compile_plan(plan, pool=self.pool, previous=session.newest, heavy=self.heavy)
        except EngineError as error:
            self.notice = f"{error.message} {error.remedy}"
            return False
        self.notice = ""
        if self.asked_playing:
            self._touch(plan, self.position)
        deadline = time.monotonic() + PUBLISH_S
        while not session.publish(flat, at_tick=self._tick_of(plan, at)):
            if time.monotonic() > deadline:
                self.notice = "The audio device does not ask for sound. Choose it again in the settings."
                return False
            time.sleep(0.001)
        with self.lock:
            self.flat, self.playing_plan = flat, command
            self._set_loop(plan.loop)
            session.set_metronome(*self._metronome)
            session.set_tap(self._tap_of(plan))
        return True

    def _touch(self, plan: MixPlan, frame: int) -> None:
        """Map the first pages that will be read; the rest follows beside the sound."""
        with contextlib.suppress(EngineError):
            prefetch(plan, self.pool, frame, round(TOUCH_S * plan.rate))

    def _tick_of(self, plan: MixPlan, at: SwitchPoint) -> int | None:
        session = self.session
        if at == "now" or session is None or not session.playing:
            return None
        tick, position = session.tick, session.position
        frame = next_beat(plan.tempo, position + SWITCH_LEAD_S * plan.rate, bar=at == "bar")
        loop = self._loop
        if loop is not None and position < loop.end_frame < frame:
            # The loop turns before that beat: its edge is as good a place.
            frame = loop.end_frame
        return tick + frame - position

    def collect(self) -> None:
        """Let go of plans that the callback has left."""
        if self.session is not None:
            self.session.collect()

    # -- loop, metronome, tap
    # ---------------------------------------------------------------------------------------

    @property
    def loop(self) -> LoopPlan | None:
        """Where it loops."""
        return self._loop

    def set_loop(self, loop: LoopPlan | None) -> None:
        """Loop here from the next block on, or nowhere."""
        with self.lock:
            self.versions.set_loop(loop)
            self._set_loop(loop)

    def _set_loop(self, loop: LoopPlan | None) -> None:
        self._loop = loop
        if self.session is not None:
            self.session.set_loop(None if self.loop_held else loop)

    def hold_loop(self, held: bool) -> None:
        """Run past the loop while `held`."""
        with self.lock:
            self.loop_held = held
            self._set_loop(self._loop)

    def set_metronome(self, enabled: bool, gain_db: float) -> None:
        """Click on the beats, or not."""
        with self.lock:
            self._metronome = (enabled, gain_db)
            if self.session is not None:
                self.session.set_metronome(enabled, gain_db)

    def set_tap(self, track: str | None) -> None:
        """Let the tap show this track; None is the master."""
        with self.lock:
            self._tap = track
            if self.session is not None and self.plan is not None:
                self.session.set_tap(self._tap_of(self.plan))

    @property
    def tapped(self) -> bool:
        """Whether the tap shows a track."""
        return self.plan is not None and self._tap_of(self.plan) is not None

    def _tap_of(self, plan: MixPlan) -> str | None:
        return self._tap if any(track.id == self._tap for track in plan.tracks) else None

    # -- running
    # ----------------------------------------------------------------------------------------------------

    @property
    def asked_playing(self) -> bool:
        """Whether it plays, or will at the next block."""
        return self._rest is None

    @property
    def waiting(self) -> bool:
        """Whether play-back was asked for and begins once there is a plan."""
        return self._asked is not None

    @property
    def position(self) -> int:
        """The frame that plays next."""
        return self._rest if self._rest is not None else self.places.frame_at(math.inf)

    def play(self, frame: int | None = None, *, count_in_bars: int = 0) -> None:
        """Start at `frame` of the plan, or where the play-head is; at the end of the plan, from its beginning. Without
        a plan it starts when there is one.
        """
        with self.lock:
            self._asked = (time.monotonic(), frame, count_in_bars)
            self._play_if_asked()

    def _play_if_asked(self) -> None:
        with self.lock:
            asked, session, plan = self._asked, self.session, self.plan
            if asked is None or session is None or plan is None:
                return
            when, frame, bars = asked
            if not self.loop_held and plan.length_frames <= 0:
                # Nothing to hear yet: the plan is on its way.
                if time.monotonic() - when > WAIT_FOR_PLAN_S:
                    self._asked = None
                return
            self._asked = None
            if self.asked_playing and frame is None:
                return
            start = self.position if frame is None else max(frame, 0)
            if start >= plan.length_frames and self._loop is None and not self.loop_held:
                start = 0
            self._started_at = start
            self._ended_s = None
            self.places.target = start
            self._touch(plan, start)
            session.play(start, count_in_frames=count_in_frames(plan.tempo, start, bars))
            self._rest = None
            self.bad_before = session.bad()
            self.runs += 1

    def pause(self) -> None:
        """Fade out and stay; effects ring out."""
        with self.lock:
            self._asked = None
            self._halt(self.heard_position())

    def stop(self) -> None:
        """Fade out and go back to where play-back was started; when it is not playing, to the beginning."""
        with self.lock:
            self._asked = None
            self._halt(self._started_at if self.asked_playing else 0)

    def seek(self, frame: int) -> None:
        """Put the play-head on `frame`; play-back goes on from there."""
        with self.lock:
            frame = max(frame, 0)
            self._ended_s = None
            if self._rest is None and self.session is not None:
                self.places.target = frame
                if self.plan is not None:
                    self._touch(self.plan, frame)
                self.session.seek(frame)
            else:
                self._rest = frame

    def _halt(self, at: int) -> None:
        if self._rest is None and self.session is not None:
            self.session.stop()
        # The session stays where it stands: the next start names its frame.
        self._rest = at

    # -- what is heard
    # ----------------------------------------------------------------------------------------------

    def heard_position(self, *, latency_s: float = 0.0) -> int:
        """The frame that is heard now, through a device of that latency."""
        session, rest = self.session, self._rest
        if session is None or rest is not None:
            return rest or 0
        frame = self.places.frame_at(self.places.tick_at(self.places.clock_now(latency_s=latency_s)))
        plan = self.plan
        if plan is not None and self._loop is None and not self.loop_held:
            frame = min(frame, plan.length_frames)
        return max(frame, 0)

    def follow(self, peak: float) -> None:
        """Called every few milliseconds with the peak of what leaves: ends play-back once the plan is over and silent.
        What still echoes then rings out all the same.
        """
        with self.lock:
            if self._asked is not None:
                self._play_if_asked()
            session, plan = self.session, self.plan
            if session is None or plan is None or not self.asked_playing or self.loop_held:
                return
            loop = self._loop
            if session.position < plan.length_frames or (loop is not None and session.position < loop.end_frame):
                self._ended_s = None
                return
            now = time.monotonic()
            self._ended_s = self._ended_s or now
            if peak < SILENT or now - self._ended_s > TAIL_S:
                self._halt(plan.length_frames)
                self._ended_s = None
