"""Play-back follows the project: the newest plan reaches the engine, older ones are skipped."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from engine.errors import EngineError
from engine.plan import MixPlan
from engine.playback.player import Player
from studio.base.errors import StudioError
from studio.flows.media import MediaCache, NotReady, ReadyOnly
from studio.flows.mixplan import compile_plan
from studio.project.model import Project

_log = logging.getLogger(__name__)


class PlanFollower:
    """Compiles the project as it is now, in the background, whenever `wake` is called, and hands the plan to the
    player.

    A burst of edits compiles the last one only. What cannot be compiled leaves the plan before in place and is told
    to `on_problem`.
    """

    def __init__(
        self,
        project: Callable[[], Project],
        media: MediaCache,
        player: Player,
        on_problem: Callable[[StudioError | EngineError], None],
        *,
        dragging: Callable[[], bool] = lambda: False,
    ):
        self._dragging = dragging
        self._project, self._media, self._player, self._on_problem = project, media, player, on_problem
        self._wake = threading.Event()
        self._idle = threading.Event()
        self._lock = threading.Lock()
        self._stop = False
        self._paused = False
        self._last: Project | None = None
        self._told: str | None = None
        self._then: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._loop, name="contrafact-plan", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """The project changed."""
        self._idle.clear()
        self._wake.set()

    def hold(self, plan: MixPlan) -> None:
        """Play something else (a preview) until `release`."""
        self._paused = True
        self._player.set_plan(plan)

    def release(self) -> None:
        """Go back to the project."""
        self._paused = False
        self._last = None
        self.wake()

    @property
    def held(self) -> bool:
        """Whether something else than the project is in the player."""
        return self._paused

    def when_playable(self, then: Callable[[], None] | None) -> None:
        """Call `then` once a plan of the present project is in the player, at once where one is; it takes the place of
        one that still waits, and None forgets that one."""
        with self._lock:
            last = self._last
            waits = then is not None and (last is None or last.id != self._project().id) and not self._paused
            self._then = then if waits else None
        if then is not None and not waits:
            then()
        elif waits:
            self.wake()

    def settle(self, timeout_s: float) -> bool:
        """Wait until the newest plan is in the player; False when the time ran out."""
        return self._idle.wait(timeout_s)

    def close(self) -> None:
        """Stop."""
        self._stop = True
        self._wake.set()
        self._thread.join(10.0)

    def _loop(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._stop:
                return
            project = self._project()
            if project is not self._last and not self._paused:
                self._follow(project)
            if not self._wake.is_set():
                self._idle.set()

    def _follow(self, project: Project) -> None:
        try:
            # In a drag, what is ready is heard at once; what must be stretched first is made when the mouse lets go.
            plan = compile_plan(project, self._media, ReadyOnly() if self._dragging() else None)
            self._player.set_plan(plan)
            self._media.trim({clip.pcm.path for track in plan.tracks for clip in track.clips})
        except NotReady:
            return
        except (StudioError, EngineError) as problem:
            if self._told != problem.message:
                self._told = problem.message
                self._on_problem(problem)
            return
        self._told = None
        with self._lock:
            self._last = project
            then, self._then = self._then, None
        if then is not None:
            then()
