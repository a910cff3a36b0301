"""Files that are cut short while they are mapped and read."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.errors import EngineError
from engine.plan import TrackPlan, lost_pages
from engine.plan.offline import OfflineRenderer
from engine.plan.sources import SourcePool
from engine.types import PcmRef

from .conftest import RATE, Live, clip_of, mix_of

pytestmark = pytest.mark.skipif(not lost_pages.AVAILABLE, reason="Windows does not let a mapped file be cut")


def test_a_file_that_is_cut_while_it_plays_is_silent_and_named_and_comes_back(noise: PcmRef) -> None:
    whole = Path(noise.path).read_bytes()
    pool = SourcePool(tolerant=True)
    live = Live(mix_of(TrackPlan(id="t", clips=(clip_of(noise),))), pool=pool)
    live.session.play(0)
    assert live.run(4_000).any()
    os.truncate(noise.path, 100)
    heard = live.run(8_000)
    assert np.all(np.isfinite(heard))
    # What lies in the page that is left may sound; the limiter holds some of it back.
    assert not heard[:, 4_000:].any()
    assert [(notice.path, notice.state) for notice in pool.check()] == [(noise.path, "lost")]
    Path(noise.path).write_bytes(whole)
    assert [notice.state for notice in pool.check()] == ["back"]
    live.session.seek(10_000)
    assert live.run(4_000)[:, 2_000:].any()


def test_a_file_that_was_cut_and_is_whole_again_is_opened_anew(noise: PcmRef) -> None:
    whole = Path(noise.path).read_bytes()
    pool = SourcePool(tolerant=True)
    source = pool.source(noise, rate=RATE)
    os.truncate(noise.path, 0)
    source.touch(0, RATE)
    with Path(noise.path).open("r+b") as file:
        file.write(whole)
    # The file is as it was, the pages that were read are not.
    assert source.cut
    assert [notice.state for notice in pool.check()] == ["lost"]
    assert [notice.state for notice in pool.check()] == ["back"]
    assert not source.cut
    assert np.array_equal(source.samples, np.frombuffer(whole, dtype="<f4").reshape(2, -1))


def test_a_render_of_a_file_that_is_cut_says_so(noise: PcmRef) -> None:
    renderer = OfflineRenderer(mix_of(TrackPlan(id="t", clips=(clip_of(noise),))))
    block = np.empty((2, 4_000), dtype=np.float32)
    renderer.process(block)
    os.truncate(noise.path, 100)
    with pytest.raises(EngineError) as caught:
        renderer.process(block)
    assert caught.value.code == "source-missing"
    renderer.close()


def test_rows_are_used_again(noise: PcmRef) -> None:
    pool = SourcePool()
    pool.source(noise, rate=RATE)
    pool.keep(set())
    gc.collect()
    count = int(lost_pages._head[lost_pages.COUNT])  # pyright: ignore[reportPrivateUsage]
    for _ in range(20):
        pool.source(noise, rate=RATE)
        pool.keep(set())
    gc.collect()
    assert int(lost_pages._head[lost_pages.COUNT]) == count  # pyright: ignore[reportPrivateUsage]


def test_a_bus_error_elsewhere_ends_the_process_as_ever(tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_bytes(bytes(1 << 16))
    code = (
        "import os, numpy as np; from engine.plan import lost_pages; lost_pages.guard();"
        f"x = np.memmap({str(path)!r}, dtype=np.uint8, mode='r'); os.truncate({str(path)!r}, 0); print(x[5000])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=60)
    assert ended.returncode == -signal.SIGBUS
