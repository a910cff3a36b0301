"""The platform as a person meets it: signing in, searching, licences, and what waits to be sent."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from studio.base.errors import PlatformError
from studio.flows import acquire, export, rights
from studio.flows.acquire import CatalogueItem
from studio.flows.export import ExportOptions, ExportResult
from studio.flows.media import TaskContext
from studio.jobs import Job
from studio.platform.messages import DeviceCode
from studio.project.usage import usage_of
from studio.rights import summary as rights_summary
from studio.rights.summary import Summary
from studio.rights.verdict import Verdict
from studio.session.parts import SessionParts
from studio.session.values import Account, SyncState
from studio.sync.worker import Report


class People(SessionParts):
    """Accounts, catalogue, licences and delivery."""

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

    def known_catalogue(self) -> list[CatalogueItem]:
        """The catalogue as this person saw it last, at once and offline; empty before the first search."""
        return acquire.remembered(self.services)

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


def _watch(context: TaskContext, stop: threading.Event) -> None:
    while not stop.wait(0.1):
        if context.cancelled:
            stop.set()
