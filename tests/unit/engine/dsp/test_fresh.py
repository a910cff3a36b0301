"""A compiled function is compiled anew when any file changes that it may contain."""

from __future__ import annotations

import re
from typing import Any

import pytest

from engine.dsp import fresh
from engine.plan.kernel import ahead
from engine.playback import callback


def _stamp(function: Any) -> Any:
    return function._cache._impl._locator.get_source_stamp()


def test_the_callback_is_as_new_as_its_files_and_the_kernels() -> None:
    assert _stamp(callback.run)[1] == fresh.digest(*fresh.KERNELS, *fresh.CALLBACK)
    assert _stamp(ahead.read_ahead)[1] == fresh.digest(*fresh.KERNELS)
    assert _stamp(callback.run)[1] != _stamp(ahead.read_ahead)[1]


@pytest.mark.parametrize("name", ["plan/kernel/watch.py", "playback/deck.py"])
def test_a_change_of_any_file_is_another_digest(name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for pattern in (*fresh.KERNELS, *fresh.CALLBACK):
        for path in fresh.ENGINE.glob(pattern):
            copy = tmp_path / path.relative_to(fresh.ENGINE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(fresh, "ENGINE", tmp_path)
    digest: Any = fresh.digest.__wrapped__
    before = digest(*fresh.KERNELS, *fresh.CALLBACK)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes() + b"\n")
    assert digest(*fresh.KERNELS, *fresh.CALLBACK) != before


def test_no_file_of_the_callback_is_forgotten() -> None:
    """What the callback's files import of their own package are its files too, and each of them is there."""
    listed = {name.removeprefix("playback/").removesuffix(".py") for name in fresh.CALLBACK}
    used = {"callback"}
    for name in fresh.CALLBACK:
        text = (fresh.ENGINE / name).read_text()
        used |= set(re.findall(r"^from engine\.playback\.(\w+) import", text, re.M))
        for row in re.findall(r"^from engine\.playback import (.+)$", text, re.M):
            used |= {part.split(" as ")[0].strip() for part in row.split(",")}
    assert used == listed
