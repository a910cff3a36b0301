"""What the flows work with: made once by the session, handed to every flow."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.inference.packs import Pack, find_pack
from engine.worker import Worker
from studio.base.clock import Clock
from studio.base.paths import AppPaths
from studio.flows.derived import DerivedCache
from studio.flows.media import MediaCache
from studio.library import Library
from studio.project.model import Project
from studio.provenance.identity import DeviceIdentity
from studio.provenance.trust import TrustAnchors
from studio.rights.shares import Shares
from studio.settings import Settings
from studio.sync.outbox import Outbox

if TYPE_CHECKING:
    from studio.platform.client import PlatformClient


class ShareMemo:
    """The shares of the last project that was listened to. Projects are frozen, so the very same one has the very
    same shares."""

    def __init__(self) -> None:
        self._last: tuple[Project, frozenset[str], Shares] | None = None
        self.turn = threading.Lock()
        """Held while shares are worked out, so that whoever wants the same at the same time waits for them."""

    def get(self, project: Project, grants: frozenset[str]) -> Shares | None:
        """The shares of exactly this project under exactly these grants (their digests), if known."""
        last = self._last
        return last[2] if last is not None and last[0] is project and last[1] == grants else None

    def put(self, project: Project, grants: frozenset[str], shares: Shares) -> None:
        """Remember the shares of a project."""
        self._last = (project, grants, shares)


@dataclass
class Services:
    """The parts below the flows. `client` gives a client that is signed in or raises `signed-out`; it may wait for
    the embedded platform to start."""

    paths: AppPaths
    settings: Settings
    clock: Clock
    library: Library
    media: MediaCache
    derived: DerivedCache
    identity: DeviceIdentity
    outbox: Outbox
    inference: Worker
    io: Worker
    client: Callable[[], PlatformClient]
    subject: Callable[[], str]
    """How licences name the person who is signed in."""
    pack_roots: tuple[Path, ...]
    trust_anchors: Callable[[], TrustAnchors]
    shares: ShareMemo
    ensure_account: Callable[[], None]
    """On the embedded platform, sign in as its demo account where nobody is; elsewhere signing in is a person's act."""
    refresh_rights: Callable[[], None]
    """Take the platform's signed time and what was revoked since; offline nothing happens."""
    obtain_certificate: Callable[[], None]
    """Ask the platform for this device's certificate; raises PlatformError."""

    def pack(self, pack_id: str) -> Pack:
        """A model pack by its id.

        Raises:
            PackError: model-unknown, naming those that there are.
        """
        return find_pack(pack_id, self.pack_roots)
