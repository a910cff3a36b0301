"""The service in a thread of this process, on a free port of this computer only."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Literal

import uvicorn

from studio.base.errors import PlatformDown
from studio.platform import accounts, seed
from studio.platform.messages import DemoAccount
from studio.platform.service import create_app
from studio.platform.service_keys import load_demo_password
from studio.platform.state import PlatformState, ServiceConfig

DEMO_EMAIL = "demo@contrafact.example"
START_S = 20.0


class EmbeddedServer:
    """A service with the demo catalogue. Use `start` and `stop`, or a with block."""

    def __init__(self, config: ServiceConfig, *, catalogue_dir: Path | None = None):
        self._config = config
        self._catalogue_dir = catalogue_dir
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._state: PlatformState | None = None
        self._base_url = ""
        self._demo: DemoAccount | None = None
        self._label: DemoAccount | None = None

    @property
    def base_url(self) -> str:
        """Where it listens; empty before `start`."""
        return self._base_url

    @property
    def state(self) -> PlatformState | None:
        """What the running service holds; None while it does not run."""
        return self._state

    @property
    def demo_account(self) -> DemoAccount:
        """The local account that may approve a device without a person.

        Raises:
            PlatformDown: before `start`.
        """
        if self._demo is None:
            raise _not_running()
        return self._demo

    @property
    def label_account(self) -> DemoAccount:
        """The local account of the label that published the demo catalogue.

        Raises:
            PlatformDown: before `start`.
        """
        if self._label is None:
            raise _not_running()
        return self._label

    @property
    def trusted_keys(self) -> dict[str, bytes]:
        """The keys of this service, known without asking over the network."""
        if self._state is None:
            raise _not_running()
        return self._state.trusted_keys

    def start(self) -> str:
        """Open the data, enter the demo catalogue where it is missing, and listen; returns the address.

        Raises:
            StorageError: when the data folder cannot be used.
            PlatformDown: when it does not come up.
        """
        if self._thread is not None:
            return self._base_url
        listener = socket.create_server(("127.0.0.1", 0))
        try:
            self._base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            app = create_app(replace(self._config, public_url=self._base_url))
            state: PlatformState = app.state.platform
            self._state = state
            self._demo = _local_account(state, DEMO_EMAIL, "Demo listener", "demo-password")
            self._label = _local_account(state, seed.LABEL_EMAIL, seed.LABEL_NAME, "label-password", "rightsholder")
            if self._catalogue_dir is not None:
                seed.seed_demo(state, self._catalogue_dir)
        except BaseException:
            listener.close()
            self._forget()
            raise
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            loop="asyncio",
            http="h11",
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=_serve, args=(self._server, listener), name="contrafact-platform", daemon=True
        )
        self._thread.start()
        self._wait()
        return self._base_url

    def stop(self) -> None:
        """Answer what is under way, stop listening and close the data. Nothing happens if it does not run."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(START_S)
        self._server = None
        self._thread = None
        self._forget()

    def __enter__(self) -> EmbeddedServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait(self) -> None:
        # The socket listens already, so that a request now would only wait; this tells a server that died from one
        # that starts.
        assert self._server is not None
        assert self._thread is not None
        pause = threading.Event()
        for _ in range(int(START_S / 0.005)):
            if self._server.started:
                return
            if not self._thread.is_alive():
                break
            pause.wait(0.005)
        self.stop()
        raise PlatformDown(
            "The platform on this computer did not start.", remedy="Restart the studio; if it stays so, run the doctor."
        )

    def _forget(self) -> None:
        if self._state is not None:
            self._state.close()
        self._state = None


def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    try:
        server.run(sockets=[listener])
    finally:
        listener.close()


def _local_account(
    state: PlatformState, email: str, name: str, file: str, role: Literal["remixer", "rightsholder"] = "remixer"
) -> DemoAccount:
    path = state.data_dir / "keys" / file
    lost = not path.exists()
    password = load_demo_password(path)
    known = accounts.find_account(state, email)
    if known is None:
        accounts.ensure_account(state, email, password, name=name, role=role)
    elif lost:
        # The account follows the secret that was made anew.
        accounts.set_password(state, known.id, password)
    return DemoAccount(email=email, password=password)


def _not_running() -> PlatformDown:
    return PlatformDown("The platform on this computer does not run.", remedy="Start it first.")
