"""`Session`: opens the parts, hands them to the flows, and lands what flows hand back as undoable commits."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import onnx_models
import resources
from engine.analysis.model import Analysis
from engine.errors import EngineError
from engine.inference.runtime import has_gpu
from engine.inference.styles import StyleInfo, list_styles
from engine.io.pyramid import Pyramid
from engine.io.spectrogram import Spectrogram
from engine.worker import Worker
from studio.base.clock import Clock
from studio.base.errors import PlatformError, StudioError
from studio.base.ids import uuid7
from studio.base.keys import KeyStore
from studio.base.paths import AppPaths
from studio.flows import acquire, export, fixes, import_own, restyle, review, rights, separate, shares, verify
from studio.flows.acquire import CatalogueItem
from studio.flows.derived import DerivedCache
from studio.flows.export import ExportOptions, ExportResult
from studio.flows.import_own import ImportResult
from studio.flows.landing import Landing
from studio.flows.media import MediaCache, TaskContext
from studio.flows.mixplan import compile_plan
from studio.flows.restyle import RestyleResult
from studio.flows.review import Review
from studio.flows.separate import SplitResult
from studio.flows.services import Services, ShareMemo
from studio.flows.verify import VerifyResult
from studio.jobs import Job, JobContext, JobQueue, Lane
from studio.library.library import Library
from studio.platform.messages import DeviceCode
from studio.project import edits
from studio.project.model import Project, Source
from studio.project.usage import usage_of
from studio.provenance.identity import DeviceIdentity
from studio.provenance.trust import TrustStore
from studio.rights import summary as rights_summary
from studio.rights.shares import Shares
from studio.rights.summary import Summary
from studio.rights.verdict import Fix, Verdict
from studio.session.connection import Connection
from studio.session.desk import Desk
from studio.session.hearing import Hearing
from studio.session.peaks import spectra, waveforms
from studio.session.values import Account, Notice, SyncState
from studio.settings import Settings
from studio.sync.outbox import Outbox
from studio.sync.worker import Report, SyncWorker

if TYPE_CHECKING:
    from engine.playback.player import Player
    from studio.session.following import PlanFollower

T = TypeVar("T")

ProjectState = Literal["saved", "unsaved"]
_OUTBOX_KEY = "outbox-key"


class Session(Desk):
    """One person at work. Methods return at once; long work is a `Job`, and what it makes lands as one undoable
    commit."""

    def __init__(self, paths: AppPaths, *, platform_url: str | None, headless: bool):
        super().__init__(paths)
        self.settings = Settings(paths.config / "settings.json")
        self.jobs = JobQueue()
        self.jobs.events.subscribe(self.events.jobs_changed.emit)
        keys = KeyStore(paths)
        clock = Clock(paths.data / "clock.json")
        identity = DeviceIdentity(paths, keys)
        trust = TrustStore(paths)
        url = platform_url or self.settings.get("platform.url") or None
        self._connection = Connection(
            paths,
            keys,
            self.settings,
            clock=clock,
            identity=identity,
            trust=trust,
            catalogue_dir=_folder_of(resources) / "catalogue",
            url=str(url) if url else None,
        )
        self.library = Library(
            paths, keys, clock=clock, holder=self._connection.holder, trusted_keys=self._connection.trusted_keys
        )
        self._io, self._inference = Worker(), Worker()
        self.media = MediaCache(self.library, self._io, paths.scratch / "pcm")
        outbox = Outbox(paths.data / "outbox.db", mac_key=_secret(keys, _OUTBOX_KEY), now=clock.now)
        self.services = Services(
            paths=paths,
            settings=self.settings,
            clock=clock,
            library=self.library,
            media=self.media,
            derived=DerivedCache(paths.data / "derived"),
            identity=identity,
            outbox=outbox,
            inference=self._inference,
            io=self._io,
            client=self._connection.client,
            subject=lambda: self._connection.holder().user,
            pack_roots=(_folder_of(onnx_models), paths.data / "models"),
            trust_anchors=trust.anchors,
            shares=ShareMemo(),
            ensure_account=self._ensure_account,
            refresh_rights=self._refresh_rights,
            obtain_certificate=self._connection.obtain_certificate,
        )
        self._sync = SyncWorker(outbox, self._connection.client, now=clock.now)
        self._sync.changed.subscribe(lambda report: self.events.sync_changed.emit(self.sync_state(report)))
        self._peaks = waveforms(paths.cache / "peaks", self.media, self.events.peaks_ready)
        self._spectra = spectra(paths.cache / "spectra", self.media, self.events.spectrum_ready)
        self._hearing = Hearing(
            self.media, self.services.derived, self.events.analysis_ready, busy=lambda: bool(self.jobs.active)
        )
        self._player: Player | None = None
        self._follower: PlanFollower | None = None
        if not headless:
            # Commands never play: they need not load what does.
            from engine.playback.player import Player
            from studio.session.following import PlanFollower

            self._player = Player()
            self._follower = PlanFollower(lambda: self.project, self.media, self._player, self._tell)
            self._sync.start()
            self._connection.when_ready(self._refresh_rights)
        self.project_replaced()
        for notice in (keys.notice, self.settings.notice):
            if notice:
                self.events.notice.emit(Notice(level="warning", text=notice))

    @classmethod
    def open(cls, home: Path | None = None, *, platform_url: str | None = None, headless: bool = False) -> Session:
        """Open everything under `home` (or the places of the operating system).

        The embedded platform starts in the background unless a url is given. `headless` leaves out play-back and
        background delivery.

        Raises:
            StorageError, StudioError: when the folders cannot be used.
        """
        return cls(AppPaths.open(home), platform_url=platform_url, headless=headless)

    def close(self) -> None:
        """Stop all processes and threads; nothing committed is lost."""
        self.jobs.shutdown()
        if self._follower is not None:
            self._follower.close()
        for pictures in (self._peaks, self._spectra, self._hearing):
            pictures.close()
        if self._player is not None:
            self._player.close()
        self._sync.stop()
        super().close()
        self._inference.close()
        self._io.close()
        self._connection.close()
        self.services.outbox.close()
        self.library.close()
        self.paths.close()

    # Playing

    @property
    def player(self) -> Player:
        """The transport.

        Raises:
            StudioError: no-sound in a headless session.
        """
        if self._player is None:
            raise StudioError("This session has no sound.", remedy="Open the window to play.", code="no-sound")
        return self._player

    # The platform

    @property
    def account(self) -> Account | None:
        """Who is signed in."""
        return self._connection.account

    def sign_in_now(
        self,
        *,
        email: str | None = None,
        password: str | None = None,
        device: bool = False,
        show: Callable[[str], None] | None = None,
    ) -> Account:
        """Sign in and wait: by password, by a device code, or as the demo account of the embedded platform.

        Raises:
            PlatformError: wrong-password ... PlatformDown.
        """

        def present(code: DeviceCode) -> None:
            if show is not None:
                show(f"Open {code.verification_uri} and enter the code {code.user_code}")

        if email is not None:
            account = self._connection.sign_in_password(email, password or "")
        elif device or not self._connection.embedded:
            account = self._connection.sign_in_device(present)
        else:
            account = self._connection.sign_in_demo()
        self._signed_in(account)
        return account

    def sign_in_demo(self) -> Job[Account]:
        """Sign in to the embedded platform; no account, no network."""
        return self._job("Signing in", lambda _: self._connection.sign_in_demo(), landed=self._signed_in)

    def sign_in(self, open_browser: Callable[[str], None]) -> Job[Account]:
        """Sign in in the browser."""
        stop = threading.Event()

        def work(context: TaskContext) -> Account:
            watcher = threading.Thread(target=lambda: _watch(context, stop), daemon=True)
            watcher.start()
            try:
                return self._connection.sign_in_browser(open_browser, stop)
            finally:
                stop.set()
                watcher.join()

        return self._job("Signing in in the browser", work, landed=self._signed_in)

    def sign_out(self) -> Job[None]:
        """Sign out on this computer."""
        return self._job(
            "Signing out",
            lambda _: self._connection.sign_out(),
            landed=lambda _: self.events.account_changed.emit(None),
        )

    def search(
        self,
        text: str = "",
        *,
        operations: tuple[str, ...] = (),
        bpm: tuple[float, float] | None = None,
        has_stems: bool | None = None,
    ) -> Job[list[CatalogueItem]]:
        """Search the catalogue."""
        return self._job(
            "Searching",
            lambda _: acquire.search(self.services, text, operations=operations, bpm=bpm, has_stems=has_stems),
        )

    def rights_summary(self, asset_sha256: str) -> Summary | None:
        """What the licence of a recording allows, in plain words; None without a licence."""
        grant = self.library.grants().get(asset_sha256)
        if grant is None:
            return None
        used = next((use for use in usage_of(self.project).sources if use.asset_sha256 == asset_sha256), None)
        return rights_summary.summary(grant, used, self.library.context())

    def verdict(self, options: ExportOptions | None = None) -> Verdict:
        """What stands in the way of the project as it is, or of its export with these options."""
        return rights.decide(self.services, self.project, None if options is None else export.export_use(options))

    # Flows

    def open_demo(self) -> Job[str]:
        """Sign in if needed, license the first song of the catalogue and open it as a new project; the result is its
        track."""

        def work(context: TaskContext) -> Landing[str]:
            first = acquire.search(self.services)[0]
            asset = acquire.fetch(self.services, first.id, context)
            return acquire.place(self.services, asset)

        def land(landing: Landing[str]) -> str:
            project = landing.apply(Project(id=uuid7()))
            self._replace(edits.rename_project(project, next(iter(project.sources.values())).title), None)
            self._write(landing.label)
            self.events.library_changed.emit(None)
            return landing.result

        return self._landing_job("Opening the demo song", work, land=land)

    def add_recording(self, recording_id: str, *, at_s: float = 0.0) -> Job[str]:
        """License and download a recording and put it on a new track; the result is the track's id."""

        def work(context: TaskContext) -> Landing[str]:
            asset = acquire.fetch(self.services, recording_id, context)
            self.events.library_changed.emit(None)
            return acquire.place(self.services, asset, at_s=at_s)

        return self._landing_job("Adding a recording", work)

    def import_file(self, path: Path, *, at_s: float = 0.0, track_id: str | None = None) -> Job[ImportResult]:
        """Put a file of the user's own on a track."""
        return self._landing_job(
            f"Importing {path.name}",
            lambda context: import_own.import_file(
                self.services, self.project, path, context, at_s=at_s, track_id=track_id
            ),
        )

    def split(
        self, track_id: str, *, prefer: Literal["label", "model"] = "label", provider: str | None = None
    ) -> Job[SplitResult]:
        """Split a track into stems below it."""
        name = edits.find_track(self.project, track_id).name
        return self._landing_job(
            f"Splitting {name}",
            lambda context: separate.split(
                self.services, self.project, track_id, context, prefer=prefer, provider=provider
            ),
            lane="inference",
        )

    def restyle(
        self, track_id: str, style: str, *, intensity: float = 1.0, seed: int = 0, keep: tuple[str, ...] = ("vocals",)
    ) -> Job[RestyleResult]:
        """Restyle a track, splitting it first if needed; the result is its next take."""
        name = edits.find_track(self.project, track_id).name
        return self._landing_job(
            f"Restyling {name}",
            lambda context: restyle.restyle(
                self.services, self.project, track_id, context, style=style, intensity=intensity, seed=seed, keep=keep
            ),
            lane="inference",
        )

    def styles(self) -> list[StyleInfo]:
        """The styles that there are."""
        return list_styles()

    def shares(self) -> Job[Shares]:
        """Who is paid for the mix as it is; at once where nothing changed."""
        project = self.project

        return self._job(
            "Working out the shares",
            lambda context: shares.shares_of(self.services, project, context),
            landed=lambda _: self.events.shares_changed.emit(None),
        )

    def review(self, options: ExportOptions) -> Job[Review]:
        """Look at an export from all sides without making it."""
        project = self.project
        return self._job(
            "Looking at the mix",
            lambda context: review.review(
                self.services, project, options, context, online=self.sync_state().state != "queued"
            ),
        )

    def export(self, path: Path, options: ExportOptions) -> Job[ExportResult]:
        """Export, sign and queue; online it is sent at once."""
        project = self.project

        def work(context: TaskContext) -> ExportResult:
            return export.export(self.services, project, path, options, context)

        def landed(_: ExportResult) -> None:
            self._sync.wake(force=True)
            self.events.sync_changed.emit(self.sync_state())

        return self._job(f"Exporting {path.name}", work, landed=landed)

    def apply_fix(self, fix: Fix) -> None:
        """Do what the button of a denial says, where an edit can.

        Raises:
            RightsError: where it has to be done elsewhere; fixes of the export's options are `fixes.fix_options`.
        """
        project = self.project
        fixed = fixes.fix_project(project, fix)
        if fixed is project:
            raise fixes.unfixable(fix)
        self.commit(fix.label, fixed)

    def verify(self, path: Path) -> Job[VerifyResult]:
        """Say what a file is made of and what was changed."""
        return self._job(f"Verifying {path.name}", lambda _: verify.verify(self.services, path))

    # Delivery

    def deliver(self, made: ExportResult) -> ExportResult:
        """Try to send what waits, now; the result with its receipt if it got one."""
        self._sync.run_once(force=True)
        return export.with_receipt(self.services, made)

    def sync_now(self) -> Job[Report]:
        """Send what waits, now."""

        def work(_: TaskContext) -> Report:
            # Without the platform there is nothing to send to, and the round says so.
            with contextlib.suppress(PlatformError):
                self._ensure_account()
            self._refresh_rights()
            return self._sync.run_once(force=True)

        return self._job("Syncing", work)

    def sync_state(self, report: Report | None = None) -> SyncState:
        """What the sync chip shows."""
        found = report or self._sync.report
        waiting = len(self.services.outbox.rows("queued", "sending"))
        exports = sum(row.kind == "manifest" for row in self.services.outbox.rows("queued", "sending"))
        if found.parked or found.state == "signed-out":
            return SyncState(state="needs-you", queued=exports, note=found.problem or "Sign in to send what waits.")
        if waiting:
            return SyncState(state="queued", queued=max(exports, 1), note=found.problem)
        return SyncState(state="synced" if self.services.outbox.rows("done") else "saved")

    # Listening

    def peaks(self, source: Source) -> Pyramid | None:
        """The waveform of a source, or None until `events.peaks_ready` names it."""
        return self._peaks.get(source, rate=self.project.rate)

    def spectrogram(self, source: Source) -> Spectrogram | None:
        """The spectrum of a source over time, or None until `events.spectrum_ready` names it."""
        return self._spectra.get(source, rate=self.project.rate)

    def analysis(self, source: Source) -> Analysis | None:
        """Tempo, beats, key, chords and sections of a source, or None until `events.analysis_ready` names it."""
        return self._hearing.get(source, rate=self.project.rate)

    def preview(self, recording_id: str) -> Job[None]:
        """Play a recording of the catalogue outside of the project, until `stop_preview`."""

        def work(context: TaskContext) -> Any:
            asset = acquire.fetch(self.services, recording_id, context)
            return compile_plan(acquire.place(self.services, asset).apply(Project(id=uuid7())), self.media, context)

        def landed(plan: Any) -> None:
            if self._follower is not None:
                self._follower.hold(plan)
                self.player.play(0.0)

        return self._job("Loading a preview", work, landed=landed)

    def stop_preview(self) -> None:
        """Go back to the project."""
        if self._follower is not None and self._follower.held:
            self.player.stop()
            self._follower.release()

    @property
    def provider_name(self) -> str:
        """Where models run, for the status bar."""
        chosen = self.settings.get("inference.provider")
        return "CUDA" if chosen == "cuda" or (chosen == "auto" and has_gpu()) else "CPU"

    # Inside

    def project_replaced(self) -> None:
        """Stop, and let play-back take the new project."""
        if self._player is not None:
            self._player.stop()
        self.project_edited()

    def project_edited(self) -> None:
        """Let play-back take the project as it is."""
        if self._follower is not None:
            self._follower.wake()

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

    def _ensure_account(self) -> None:
        # The demo account on the embedded platform needs no person, also when its session there has ended.
        account = self.account
        if self._connection.embedded and (account is None or account.demo):
            renewed = self._connection.sign_in_demo()
            if renewed is not account:
                self._signed_in(renewed)

    def _refresh_rights(self) -> None:
        # Offline the last known state holds, bounded by the lease.
        with contextlib.suppress(PlatformError):
            client = self._connection.client()
            client.info()
            if client.signed_in:
                self.library.note_revocations((each.grant_id, each.reason, each.at) for each in client.revocations())

    def _signed_in(self, account: Account) -> None:
        self._sync.resume()
        self.events.account_changed.emit(account)

    def _tell(self, problem: StudioError | EngineError) -> None:
        self.events.notice.emit(Notice(level="error", text=problem.message, remedy=problem.remedy))


def _folder_of(package: Any) -> Path:
    return Path(package.__file__).parent


def _secret(keys: KeyStore, name: str) -> bytes:
    found = keys.get(name)
    if found is None:
        found = secrets.token_bytes(32)
        keys.set(name, found)
    return found


def _watch(context: TaskContext, stop: threading.Event) -> None:
    while not stop.wait(0.1):
        if context.cancelled:
            stop.set()
