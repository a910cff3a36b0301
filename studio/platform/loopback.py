"""The listener that waits on this computer for the browser to bring the code back (RFC 8252 7.3)."""

from __future__ import annotations

import hmac
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

from studio.base.errors import PlatformError
from studio.platform import pages
from studio.platform.oauth_words import REDIRECT_PATH

MAX_REQUESTS = 50
"""A page that hammers the listener ends the sign-in rather than guessing on."""


class LoopbackListener:
    """Listens on a free port of 127.0.0.1 until one answer with the right `state` and `issuer` came."""

    def __init__(self, *, state: str, issuer: str):
        self._state = state
        self._issuer = issuer
        self._code: str | None = None
        self._error: str | None = None
        self._requests = 0
        listener = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 2.0
            server_version = "Contrafact"
            sys_version = ""

            def do_GET(self) -> None:
                status, text = listener.take(self.path, self.headers.get("Host", ""))
                title = "Signed in" if status == 200 else "Sign-in refused"
                body = pages.message(title, text).encode()
                self.send_response(status)
                for name, value in pages.HEADERS.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """The code is a secret: nothing of the request is logged."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._server.timeout = 0.1

    @property
    def redirect_uri(self) -> str:
        """Where the browser is sent to."""
        return f"http://127.0.0.1:{self._server.server_port}{REDIRECT_PATH}"

    def take(self, target: str, host: str) -> tuple[int, str]:
        """Judge one request: (status, words for the page). Only the right state can end the waiting."""
        self._requests += 1
        parts = urlsplit(target)
        query = parse_qs(parts.query, keep_blank_values=True, max_num_fields=20)
        single = {name: values[0] for name, values in query.items() if len(values) == 1}
        if parts.path != REDIRECT_PATH or host != f"127.0.0.1:{self._server.server_port}" or len(single) != len(query):
            return 404, "There is nothing here."
        state = single.get("state", "").encode("utf-8", "replace")
        if self._code is not None or not hmac.compare_digest(state, self._state.encode()):
            return 400, "This answer does not belong to the sign-in that the studio started. It was ignored."
        if single.get("iss", self._issuer) != self._issuer:
            return 400, "This answer comes from another platform. It was ignored."
        if "code" not in single:
            self._error = single.get("error", "no code")
            return 400, "The sign-in was not completed. Start it again from the studio."
        self._code = single["code"]
        return 200, "You can close this page and go back to the studio."

    def wait(self, *, stop: threading.Event, turns: int = 3000) -> str:
        """The code. Waits up to `turns` tenths of a second.

        Raises:
            PlatformError: sign-in-refused, sign-in-stopped, sign-in-timeout.
        """
        for _ in range(turns):
            if self._code is not None:
                return self._code
            if self._error is not None or self._requests > MAX_REQUESTS:
                raise PlatformError(
                    "The sign-in was refused in the browser.", remedy="Start it again.", code="sign-in-refused"
                )
            if stop.is_set():
                raise PlatformError("The sign-in was stopped.", remedy="Start it again.", code="sign-in-stopped")
            self._server.handle_request()
        raise PlatformError("Nobody signed in in the browser.", remedy="Start it again.", code="sign-in-timeout")

    def close(self) -> None:
        """Stop listening."""
        self._server.server_close()

    def __enter__(self) -> LoopbackListener:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
