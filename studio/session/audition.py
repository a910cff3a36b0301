"""Takes compared while they play: prepared in the engine, at one loudness, switched without a gap."""

from __future__ import annotations

import hashlib
import math
import time

import msgspec

from engine.plan import MixPlan
from engine.playback.messages import SwitchPoint as At
from studio.flows.media import TaskContext, share_of, stop_of
from studio.flows.mixplan import compile_plan
from studio.jobs import Job
from studio.project import edits
from studio.project.model import Project
from studio.session.recording import Recording

SWITCHED_BY_S = 20.0
"""Longer than the longest bar that a tempo allows for; then the switch is not waited for any more."""
POLL_S = 0.02


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What is being compared: the takes of a track (None is the original) and by how much each is turned down."""

    track_id: str
    project: Project
    """As it was prepared; after an edit of anything else it is out of date."""
    gains_db: dict[int | None, float]
    heard: int | None = None
    """The take that was switched to last."""


class Audition(Recording):
    """A/B of takes."""

    _comparison: Comparison | None = None

    @property
    def comparison(self) -> Comparison | None:
        """What is being compared, or None."""
        return self._comparison

    def prepare_takes(self, track_id: str) -> Job[Comparison]:
        """Make all takes of a track ready to be switched to, and measure their loudness (once for each mix).

        The louder ones are turned down to the quietest, in play-back only, unless the settings say otherwise.
        """
        project = self.project
        shown = edits.shown_take(project, track_id)

        def work(context: TaskContext) -> Comparison:
            found = self._prepared(project, track_id, context)
            for number, (plan, gain_db) in found.items():
                self.player.prepare(_name(number), plan, gain_db)
            gains = {number: gain_db for number, (_, gain_db) in found.items()}
            self._comparison = Comparison(track_id=track_id, project=project, gains_db=gains, heard=shown)
            return self._comparison

        return self._job("Preparing the takes", work)

    def audition(self, track_id: str, number: int | None, *, at: At | None = None) -> Job[Comparison]:
        """Let a take be heard (None: the original) without choosing it: `at` once, the next beat or the next bar, as
        the settings say if absent. What is not prepared yet is prepared first.

        Raises:
            ProjectError: edit-invalid for an unknown track or take.
        """
        edits.choose_take(self.project, track_id, number)
        when: At = at or self.settings.get("transport.switch")
        if self._is_prepared(track_id, number):
            self._switch(number, when)
            return self._job("Switching takes", lambda _: self._current())

        def work(context: TaskContext) -> Comparison:
            found = self._prepared(self.project, track_id, context)
            for each, (plan, gain_db) in found.items():
                self.player.prepare(_name(each), plan, gain_db)
            gains = {each: gain_db for each, (_, gain_db) in found.items()}
            self._comparison = Comparison(track_id=track_id, project=self.project, gains_db=gains)
            self._switch(number, when)
            return self._current()

        return self._job("Preparing the takes", work)

    def end_audition(self, *, keep: bool = True) -> None:
        """Stop comparing; with `keep` the take that is heard becomes the one that shows, as one undoable step."""
        comparison, self._comparison = self._comparison, None
        if comparison is None:
            return
        if keep and comparison.heard != edits.shown_take(self.project, comparison.track_id):
            self._choose(comparison.track_id, comparison.heard)
        if self._follower is not None:
            # The plan of the project as it is now must be there before it is heard again.
            self._follower.settle(2.0)
        self.player.switch("")
        for number in comparison.gains_db:
            self.player.drop(_name(number))
        self.events.audition_changed.emit(None)

    def choose_take(self, track_id: str, number: int | None, *, at: At | None = None) -> Job[None]:
        """Choose a take as one undoable step; while it plays, it is heard from the next beat on (as the settings say),
        without a gap.

        Raises:
            ProjectError: edit-invalid for an unknown track or take.
        """
        target = edits.choose_take(self.project, track_id, number)
        when: At = at or self.settings.get("transport.switch")
        if self._player is None or when == "now" or not self._player.status().playing:
            self._choose(track_id, number)
            return self._job("Switching takes", lambda _: None)

        def work(context: TaskContext) -> None:
            player = self.player
            player.prepare(CHOSEN, compile_plan(target, self.media, context))
            player.switch(CHOSEN, when)
            # Behind what is heard, the project moves on at once; the person sees the take that was asked for.
            self._choose(track_id, number)
            end = time.monotonic() + SWITCHED_BY_S
            while player.status().alternative != CHOSEN and player.status().playing and time.monotonic() < end:
                context.checkpoint()
                time.sleep(POLL_S)
            if self._follower is not None:
                self._follower.settle(2.0)
            player.switch("")
            player.drop(CHOSEN)

        return self._job("Switching takes", work)

    def _choose(self, track_id: str, number: int | None) -> None:
        with self._lock:
            name = "Original" if number is None else f"Take {number}"
            self.commit(name, edits.choose_take(self._history.committed, track_id, number))

    def _switch(self, number: int | None, at: At) -> None:
        self.player.switch(_name(number), at)
        self._comparison = msgspec.structs.replace(self._current(), heard=number)
        self.events.audition_changed.emit(number)

    def _current(self) -> Comparison:
        comparison = self._comparison
        if comparison is None:
            raise AssertionError("a comparison that ended is not switched")
        return comparison

    def _is_prepared(self, track_id: str, number: int | None) -> bool:
        comparison = self._comparison
        return (
            comparison is not None
            and comparison.track_id == track_id
            and comparison.project is self.project
            and number in comparison.gains_db
        )

    def _prepared(
        self, project: Project, track_id: str, context: TaskContext
    ) -> dict[int | None, tuple[MixPlan, float]]:
        """The plans of all takes with the gain that brings each to the loudness of the quietest."""
        numbers: list[int | None] = [None, *edits.take_numbers(project, track_id)]
        plans: dict[int | None, MixPlan] = {}
        loudness: dict[int | None, float] = {}
        matching = bool(self.settings.get("transport.match_loudness"))
        for index, number in enumerate(numbers):
            part = share_of(context, index / len(numbers), (index + 1) / len(numbers))
            alternative = edits.choose_take(project, track_id, number)
            plans[number] = compile_plan(alternative, self.media, share_of(part, 0.0, 0.3))
            if matching:
                loudness[number] = self._loudness(plans[number], share_of(part, 0.3, 1.0))
        heard = [each for each in loudness.values() if math.isfinite(each)]
        quietest = min(heard, default=0.0)
        return {
            number: (plan, quietest - found if math.isfinite(found := loudness.get(number, math.inf)) else 0.0)
            for number, plan in plans.items()
        }

    def _loudness(self, plan: MixPlan, context: TaskContext) -> float:
        """Integrated loudness of a mix in LUFS, measured once; without its loop, which is how a person listens."""
        plan = msgspec.structs.replace(plan, loop=None)
        # Paths are of this session only; the digests of the sounds are what counts, where they are known.
        key = hashlib.sha256(msgspec.json.encode(plan, order="deterministic")).hexdigest()
        known = self._loudness_known.get(key)
        if known is None:
            known = self.services.io.run(
                "studio.flows.mix_tasks:loudness_of",
                {"plan": plan},
                progress=context.progress,
                cancelled=stop_of(context),
            )
            self._loudness_known[key] = known
        return known

    _loudness_known: dict[str, float]


CHOSEN = "chosen"


def _name(number: int | None) -> str:
    return f"take {number or 0}"
