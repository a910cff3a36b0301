"""What all parts of a session share: the parts below it, jobs, and how what they make lands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from engine.errors import EngineError
from studio.base.errors import StudioError
from studio.flows.landing import Landing
from studio.flows.media import MediaCache, TaskContext
from studio.flows.services import Services
from studio.jobs import Job, JobContext, JobQueue, Lane
from studio.library.library import Library
from studio.session.connection import Connection
from studio.session.desk import Desk
from studio.session.values import Notice
from studio.settings import Settings
from studio.sync.worker import SyncWorker

if TYPE_CHECKING:
    from engine.playback.player import Player
    from studio.session.following import PlanFollower

T = TypeVar("T")


class SessionParts(Desk):
    """The desk with a queue of jobs. `Session` makes the parts; all that derive from this work with them."""

    settings: Settings
    jobs: JobQueue
    library: Library
    media: MediaCache
    services: Services
    _connection: Connection
    _sync: SyncWorker
    _player: Player | None
    _follower: PlanFollower | None

    @property
    def player(self) -> Player:
        """The transport.

        Raises:
            StudioError: no-sound in a headless session.
        """
        if self._player is None:
            raise StudioError("This session has no sound.", remedy="Open the window to play.", code="no-sound")
        return self._player

    def _job(
        self,
        title: str,
        work: Callable[[TaskContext], T],
        *,
        lane: Lane = "io",
        landed: Callable[[T], object] | None = None,
    ) -> Job[T]:
        def run(context: JobContext) -> T:
            return work(context)

        def done(job: Job[T]) -> None:
            if landed is not None:
                landed(cast("T", job.result))

        return self.jobs.submit(run, title=title, lane=lane, on_done=done)

    def _landing_job(
        self,
        title: str,
        work: Callable[[TaskContext], Landing[T]],
        *,
        lane: Lane = "io",
        land: Callable[[Landing[T]], T] | None = None,
    ) -> Job[T]:
        def run(context: JobContext) -> Any:
            return work(context)

        def done(job: Job[Any]) -> None:
            landing: Landing[T] = cast("Landing[T]", job.result)
            if land is not None:
                job.result = land(landing)
                return
            with self._lock:
                self.commit(landing.label, landing.apply(self._history.committed))
            for notice in getattr(landing.result, "notices", ()):
                self.events.notice.emit(Notice(level="info", text=notice))
            job.result = landing.result

        return self.jobs.submit(run, title=title, lane=lane, on_done=done)

    def _tell(self, problem: StudioError | EngineError) -> None:
        self.events.notice.emit(Notice(level="error", text=problem.message, remedy=problem.remedy))
