"""What the flows work with: made once by the session, handed to every flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.inference.packs import Pack, find_pack
from engine.worker import Worker
from studio.base.clock import Clock
from studio.base.paths import AppPaths
from studio.flows.derived import DerivedCache
from studio.flows.media import MediaCache
from studio.library import Library
from studio.platform.client import PlatformClient
from studio.provenance.identity import DeviceIdentity
from studio.provenance.trust import TrustAnchors
from studio.settings import Settings
from studio.sync.outbox import Outbox


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
    obtain_certificate: Callable[[], None]
    """Ask the platform for this device's certificate; raises PlatformError."""

    def pack(self, pack_id: str) -> Pack:
        """A model pack by its id.

        Raises:
            PackError: model-unknown, naming those that there are.
        """
        return find_pack(pack_id, self.pack_roots)
