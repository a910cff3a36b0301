"""A library with sounds of one's own, a worker, and the media cache between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.io.pcm import write_pcm
from engine.types import Audio
from engine.worker import Worker
from studio.base.clock import Clock
from studio.base.keys import KeyStore
from studio.base.paths import AppPaths
from studio.flows.media import MediaCache
from studio.library import Holder, Library
from studio.project.model import Source

RATE = 48_000

Keep = Callable[..., Source]


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    """One worker for all tests: it takes a second to start."""
    made = Worker()
    yield made
    made.close()


@pytest.fixture
def media(tmp_path: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> Iterator[MediaCache]:
    """A media cache over an empty library."""
    monkeypatch.setenv("CONTRAFACT_KEYSTORE", "file")
    paths = AppPaths.open(tmp_path / "home")
    holder = Holder(user="user:nobody", device="dev_1", territory=None)
    library = Library(paths, KeyStore(paths), clock=Clock(), holder=lambda: holder, trusted_keys=dict)
    yield MediaCache(library, worker, tmp_path / "pcm")
    library.close()
    paths.close()


@pytest.fixture
def keep(media: MediaCache, tmp_path: Path) -> Keep:
    """Put samples into the library; the source that plays them."""

    def put(key: str, samples: Audio, **fields: object) -> Source:
        ref = write_pcm(np.atleast_2d(samples).astype(np.float32), tmp_path / f"{key}.f32", rate=RATE)
        return Source(
            **{
                "id": key,
                "title": key,
                "origin": "own",
                "role": "own",
                "blob": media.library.blobs.put_pcm(ref),
                "duration_s": ref.frames / RATE,
                "rate": RATE,
                "channels": ref.channels,
                **fields,
            }  # type: ignore[arg-type]
        )

    return put
