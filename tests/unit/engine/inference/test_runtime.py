"""The door to onnxruntime: honest providers, named failures, runs that can be broken off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import Cancelled, EngineError, InferenceError
from engine.inference import runtime
from engine.inference.packs import load_pack
from tests.samples.packs import BINS, SHARES, write_pack


def test_the_cpu_is_always_there() -> None:
    assert runtime.available_providers()[-1] == "cpu"


def test_a_session_runs_and_says_where(tmp_path: Path) -> None:
    opened = runtime.open_session(load_pack(write_pack(tmp_path / "shares")), "cpu")
    assert (opened.provider, opened.notice) == ("cpu", None)
    feed = np.ones((1, 4, BINS, 3), np.float32)
    (out,) = runtime.run(opened.session, {"mixture": feed}, ["stems"])
    assert np.allclose(out[0, :, 0, 0, 0], SHARES)


def test_asking_for_a_card_that_is_not_there_falls_back_with_a_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "has_gpu", lambda: False)
    opened = runtime.open_session(write_pack(tmp_path / "shares") / "model.onnx", "cuda")
    assert opened.provider == "cpu"
    assert opened.notice is not None
    assert "CPU" in opened.notice


def test_auto_without_a_card_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "has_gpu", lambda: False)
    assert runtime.open_session(write_pack(tmp_path / "shares") / "model.onnx").notice is None


def test_an_unknown_provider_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught:
        runtime.open_session(tmp_path / "model.onnx", "abacus")
    assert caught.value.code == "provider-unknown"


def test_a_graph_that_cannot_start_is_a_named_error(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"nothing")
    with pytest.raises(InferenceError) as caught:
        runtime.open_session(tmp_path / "model.onnx", "cpu")
    assert caught.value.code == "provider-failed"


def test_a_failing_run_is_a_named_error(tmp_path: Path) -> None:
    opened = runtime.open_session(write_pack(tmp_path / "shares") / "model.onnx", "cpu")
    with pytest.raises(InferenceError) as caught:
        runtime.run(opened.session, {"mixture": np.ones((1, 1, 1), np.float32)}, ["stems"])
    assert caught.value.code == "inference-failed"


def test_a_cancelled_run_raises(tmp_path: Path) -> None:
    class Slow:
        """A session that obeys the order to stop, as onnxruntime's does."""

        def run(self, outputs: list[str], feeds: object, options: object) -> list[object]:
            while not options.terminate:  # type: ignore[attr-defined]
                pass
            raise RuntimeError("Exiting due to terminate flag being set to true.")

    with pytest.raises(Cancelled):
        runtime.run(Slow(), {}, [], cancelled=lambda: True)
