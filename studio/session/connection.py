"""The platform as the session sees it: embedded or remote, reached when it is needed, remembered when it is not
there."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from studio.base import atomic
from studio.base.clock import Clock
from studio.base.errors import PlatformDown, PlatformError, StudioError
from studio.base.keys import KeyStore
from studio.base.paths import AppPaths
from studio.flows.verify import export_facts
from studio.library.library import Holder
from studio.platform.messages import Account as PlatformAccount
from studio.platform.messages import DeviceCode
from studio.provenance.identity import DeviceIdentity
from studio.provenance.trust import TrustStore
from studio.session.values import Account
from studio.settings import Settings

if TYPE_CHECKING:
    # The client and the service bring httpx, SQLAlchemy and Starlette with them: half a second that no window needs to
    # wait for. The connecting thread imports them.
    from studio.platform.client import PlatformClient
    from studio.platform.server import EmbeddedServer


class Connection:
    """One platform. Without a `url` it is the embedded service, started in the background; everything else waits for
    it only when it must. Connecting begins when somebody asks, at the latest after `patience_s`."""

    def __init__(
        self,
        paths: AppPaths,
        keys: KeyStore,
        settings: Settings,
        *,
        clock: Clock,
        identity: DeviceIdentity,
        trust: TrustStore,
        catalogue_dir: Path,
        url: str | None,
        patience_s: float = 0.0,
    ):
        self._paths, self._keys, self._settings, self._clock = paths, keys, settings, clock
        self._identity, self._trust = identity, trust
        self._url = url
        self._account_file = paths.data / "account.json"
        self._server: EmbeddedServer | None = None
        self._client: Future[PlatformClient] = Future()
        self._lock = threading.Lock()
        self._demo_lock = threading.Lock()
        self._account = self._remembered()
        self._artist: PlatformClient | None = None
        self._catalogue_dir, self._patience_s = catalogue_dir, patience_s
        self._asked = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._connect, name="contrafact-connect", daemon=True)
        self._thread.start()

    @property
    def embedded(self) -> bool:
        """Whether the platform runs in this process."""
        return self._url is None

    @property
    def account(self) -> Account | None:
        """Who is signed in, also offline."""
        return self._account

    def holder(self) -> Holder:
        """For whom the library is opened."""
        account = self._account
        territory = self._settings.get("rights.territory")
        return Holder(
            user=account.subject if account else "user:nobody",
            device=self._identity.device_id,
            territory=str(territory) if territory else (account.territory if account else None),
        )

    def trusted_keys(self) -> dict[str, bytes]:
        """The platform's public keys, pinned at first contact and known offline from then on."""
        return self.client().trusted_keys()

    def client(self) -> PlatformClient:
        """The client; waits for the embedded service to start.

        Raises:
            StudioError: when the embedded service did not start.
        """
        self._asked.set()
        return self._client.result()

    def when_ready(self, then: Callable[[], None]) -> None:
        """Call `then` on the connecting thread once the platform can be asked."""
        self._client.add_done_callback(lambda found: then() if found.exception() is None else None)

    def sign_in(self, how: Callable[[PlatformClient], PlatformAccount], *, demo: bool = False) -> Account:
        """Sign in by `how`, take the device's certificate, trust the platform's root, and remember the account.

        Raises:
            PlatformError, StudioError: as `how` says.
        """
        client = self.client()
        found = how(client)
        account = Account(
            name=found.name, email=found.email, subject=found.subject, territory=found.territory, demo=demo
        )
        self._trust.add(client.info().trust_anchors.encode())
        if not self._identity.ready(at_s=self._clock.now()):
            # Before anybody counts as signed in: what is asked for in that moment needs the certificate.
            self.obtain_certificate()
        atomic.write_bytes(self._account_file, msgspec.json.encode(account), mode=0o600)
        self._account = account
        return account

    def sign_in_demo(self) -> Account:
        """Sign in to the embedded service as its local account: the device flow over real HTTP, no person needed.

        Raises:
            PlatformError: sign-in-refused where the platform is not the embedded one.
        """
        client, server = self.client(), self._server
        if server is None:
            raise PlatformError(
                "The demo account lives on the embedded platform only.",
                remedy="Sign in with your own account, or leave out the platform's address.",
                code="sign-in-refused",
            )
        # A window signs in when it opens, and the first song asks too: the second one finds it done.
        with self._demo_lock:
            if self._account is not None and self._account.demo and client.signed_in:
                # Where the session on the service is over, a new one is as good.
                with contextlib.suppress(PlatformError):
                    client.account()
                    return self._account
            demo = server.demo_account
            return self.sign_in(lambda each: each.demo_login(demo), demo=True)

    def sign_in_device(self, show: Callable[[DeviceCode], None]) -> Account:
        """Sign in with a code that a person types in elsewhere."""
        return self.sign_in(lambda client: client.device_login(show))

    def sign_in_password(self, email: str, password: str) -> Account:
        """Sign in with address and password."""
        return self.sign_in(lambda client: client.password_login(email, password))

    def sign_in_browser(self, open_browser: Callable[[str], None], stop: threading.Event) -> Account:
        """Sign in in the browser (PKCE, loopback)."""
        return self.sign_in(lambda client: client.pkce_login(open_browser, stop=stop))

    def artist(self) -> PlatformClient:
        """The client of the rightsholder: on the embedded platform the label of the demo songs, whose session is
        apart from that of the person who remixes; elsewhere whoever is signed in.

        Raises:
            PlatformError: sign-in-refused. PlatformDown. StudioError.
        """
        server = self._server
        if server is None:
            return self.client()
        self.client()
        from studio.platform.client import PlatformClient

        with self._lock:
            if self._artist is None:
                self._artist = PlatformClient(
                    server.base_url, self._keys, trusted_keys=server.trusted_keys, realm="embedded-label"
                )
                self._artist.demo_login(server.label_account)
            return self._artist

    def sign_out(self) -> None:
        """Forget the account on this computer. Licences stay in the library and open again after signing in."""
        with self._lock:
            self.client().sign_out()
            self._account_file.unlink(missing_ok=True)
            self._account = None

    def obtain_certificate(self) -> None:
        """Take a certificate for this device's key from the platform.

        Raises:
            PlatformError: signed-out ... PlatformDown.
        """
        issued = self.client().request_certificate(self._identity.csr())
        self._identity.store_chain(issued.chain.encode(), at_s=self._clock.now())

    def close(self) -> None:
        """Close connections and stop the embedded service."""
        self._closed = True
        self._asked.set()
        self._thread.join(30.0)
        if self._client.done() and self._client.exception() is None:
            self._client.result().close()
        if self._artist is not None:
            self._artist.close()
        if self._server is not None:
            self._server.stop()

    def _connect(self) -> None:
        self._asked.wait(self._patience_s)
        if self._closed:
            # Nobody has asked: there is nothing to start only to stop it.
            self._client.set_exception(
                PlatformDown("The studio is closing.", remedy="Open it again; nothing was lost.")
            )
            return
        try:
            from studio.platform.client import PlatformClient

            trusted = None
            url, realm = self._url, None
            if url is None:
                server = self._server = self._embedded_server()
                url = server.start()
                # The port changes with each start; tokens and pinned keys are kept under one name.
                trusted, realm = server.trusted_keys, "embedded"
            client = PlatformClient(
                url,
                self._keys,
                trusted_keys=trusted,
                realm=realm,
                device_id=lambda: self._identity.device_id,
                on_server_time=self._clock.note_server_time,
            )
        except StudioError as problem:
            self._client.set_exception(problem)
        except Exception as problem:
            down = PlatformDown(
                f"The platform could not be started: {problem}",
                remedy="Restart the studio; projects and exports are not affected.",
            )
            down.__cause__ = problem
            self._client.set_exception(down)
        else:
            self._client.set_result(client)

    def _embedded_server(self) -> EmbeddedServer:
        from studio.platform.server import EmbeddedServer
        from studio.platform.state import ServiceConfig

        config = ServiceConfig(
            data_dir=self._paths.data / "platform",
            name="Contrafact demo platform",
            now=self._clock.now,
            verify_export=export_facts,
        )
        return EmbeddedServer(config, catalogue_dir=self._catalogue_dir)

    def _remembered(self) -> Account | None:
        try:
            return msgspec.json.decode(self._account_file.read_bytes(), type=Account)
        except (OSError, msgspec.DecodeError):
            return None
