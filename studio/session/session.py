"""`Session`: opens the parts, hands them to the flows, and lands what flows hand back as undoable commits."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import onnx_models
import resources
from engine.worker import Worker
from studio.base.clock import Clock
from studio.base.keys import KeyStore
from studio.base.paths import AppPaths
from studio.flows.derived import DerivedCache
from studio.flows.media import MediaCache
from studio.flows.services import Services, ShareMemo
from studio.jobs import JobQueue
from studio.library.library import Library
from studio.provenance.identity import DeviceIdentity
from studio.provenance.trust import TrustStore
from studio.session.artists import Artists
from studio.session.connection import Connection
from studio.session.controllers import Controllers
from studio.session.hearing import Hearing
from studio.session.peaks import spectra, waveforms
from studio.session.scoring import Scoring
from studio.session.stem_tools import StemTools
from studio.session.styling import Styling
from studio.session.values import Notice
from studio.settings import Settings
from studio.sync.outbox import Outbox
from studio.sync.worker import SyncWorker

_OUTBOX_KEY = "outbox-key"
_PATIENCE_S = 2.0
"""A window is drawn first; the platform is connected once somebody asks it, or after so long."""


class Session(Scoring, Styling, StemTools, Controllers, Artists):
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
            patience_s=0.0 if headless else _PATIENCE_S,
        )
        self.library = Library(
            paths, keys, clock=clock, holder=self._connection.holder, trusted_keys=self._connection.trusted_keys
        )
        self._io, self._inference = Worker(), Worker()
        derived = DerivedCache(paths.data / "derived")
        self.media = MediaCache(self.library, self._io, paths.scratch / "pcm", derived=derived)
        outbox = Outbox(paths.data / "outbox.db", mac_key=_secret(keys, _OUTBOX_KEY), now=clock.now)
        self.services = Services(
            paths=paths,
            settings=self.settings,
            clock=clock,
            library=self.library,
            media=self.media,
            derived=derived,
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
        self._player = None
        self._follower = None
        self._loudness_known = {}
        if not headless:
            # Commands never play: they need not load what does.
            from engine.playback.player import Player
            from studio.session.following import PlanFollower

            self._player = Player()
            self._follower = PlanFollower(
                lambda: self.played, self.media, self._player, self._tell, dragging=lambda: self.history.in_gesture
            )
            self.start_sound()
            self.start_controllers()
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
        self.stop_controllers()
        self.stop_sound()
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

    def project_replaced(self) -> None:
        """Stop, and let play-back take the new project."""
        if self._player is not None:
            self.stop()
        self.project_edited()

    def project_edited(self) -> None:
        """Let play-back take the project as it is."""
        if self._follower is not None:
            self._follower.wake()


def _folder_of(package: Any) -> Path:
    return Path(package.__file__).parent


def _secret(keys: KeyStore, name: str) -> bytes:
    found = keys.get(name)
    if found is None:
        found = secrets.token_bytes(32)
        keys.set(name, found)
    return found
