"""Three ways to count: frames of the device, ticks of the session, frames of the timeline."""

from __future__ import annotations

from engine.plan.flat.session import Session
from engine.plan.kernel import layout
from engine.playback import deck as words
from engine.playback.deck import Deck


class Places:
    """Translates between what the device counts, what the session counts, and the timeline.

    Args:
        deck: what the device plays.
    """

    def __init__(self, deck: Deck):
        self._deck = deck
        self._session: Session | None = None
        self._anchor_tick = 0
        self.target = 0
        """Frame that the last start or seek asked for."""

    def attach(self, session: Session) -> None:
        """The device is about to play this session, from where it stands."""
        self._session = session
        self._anchor_tick = session.tick

    @property
    def rate(self) -> int:
        """Hz of the session; without one, of the device."""
        return self._session.rate if self._session is not None else self._deck.rate

    def tick_at(self, clock: float) -> float:
        """The session's tick that goes out as the device's frame `clock`."""
        deck = self._deck
        passed = (clock - deck.word(words.ANCHOR)) / deck.rate - deck.converter_delay_s
        return self._anchor_tick + passed * self.rate

    def clock_at(self, tick: float) -> float:
        """The device's frame as which the session's tick goes out."""
        deck = self._deck
        passed = (tick - self._anchor_tick) / self.rate + deck.converter_delay_s
        return deck.word(words.ANCHOR) + passed * deck.rate

    def clock_now(self, *, latency_s: float = 0.0) -> float:
        """The device's frame that is heard now, through a device of that latency."""
        deck = self._deck
        block = deck.word(words.BLOCK)
        since = min(max(deck.now_ns() - deck.word(words.STAMP), 0) * 1e-9 * deck.rate, block)
        return deck.word(words.CLOCK) - block + since - latency_s * deck.rate

    @property
    def run_start(self) -> tuple[int, int] | None:
        """Tick and frame at which the session begins what was asked for last; None until it has been told."""
        session = self._session
        if session is None or session.words[layout.S_REQUEST] != session.words[layout.S_REQUEST_DONE]:
            return None
        last = layout.S_FIRST_SEGMENT + layout.SEGMENT_WORDS * (int(session.words[layout.S_SEGMENTS]) - 1)
        return int(session.words[last + layout.T_TICK]), int(session.words[last + layout.T_FRAME])

    def frame_at(self, tick: float) -> int:
        """The frame that sounds at a tick, at most the present one; before the last jump it is the jump's target."""
        session, run = self._session, self.run_start
        if session is None or run is None:
            return self.target
        at = round(min(tick, session.tick))
        return session.frame_at(at) if at >= run[0] else self.target
