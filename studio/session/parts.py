"""What all parts of a session share: the parts below it, jobs, and how what they make lands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from engine.errors import EngineError
from engine.io.pyramid import Pyramid
from studio.base.errors import StudioError
from studio.flows.landing import Landing
from studio.flows.media import MediaCache, TaskContext
from studio.flows.services import Services
from studio.jobs import Job, JobContext, JobQueue, Lane
from studio.library.library import Library
from studio.project.model import Project
from studio.session.connection import Connection
from studio.session.desk import Desk
from studio.session.forming import Forming
from studio.session.prepared import Prepared
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
    _peaks: Prepared[Pyramid]

    _forming: Forming | None = None

    @property
    def forming(self) -> Forming | None:
        """The stems that a model is making now."""
        return self._forming

    @property
    def shown(self) -> Project:
        """The project with what is being made, as it is drawn."""
        forming, project = self._forming, self.project
        return project if forming is None else forming.shown(project)

    @property
    def played(self) -> Project:
        """The project with what is being made, as it is played."""
        forming, project = self._forming, self.project
        return project if forming is None else forming.played(project)

    def set_forming_strip(self, track_id: str, **values: Any) -> bool:
        """Mute, solo or level a stem that is still growing; False for any other track."""
        forming = self._forming
        if forming is None or not forming.holds(track_id, self.project):
            return False
        forming.set_strip(self.project, track_id, values)
        self._form(forming)
        return True

    def _form(self, forming: Forming | None) -> None:
        """Stems have grown, or (None) there are none growing any more."""
        before, self._forming = self._forming, forming
        self.project_edited()
        self.events.forming_changed.emit(None)
        if before is not None and before is not forming:
            before.end()

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
