"""The one door to onnxruntime: providers, sessions and runs.

What is asked for and what one gets are told apart: `get_available_providers` lists CUDA also where its libraries fail
to load, and onnxruntime then falls back in silence. `Opened.provider` is read from the finished session.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from engine.errors import Cancelled, InferenceError, PackError
from engine.inference.packs import Pack
from engine.types import Cancelled as CancelledPoll

Provider = Literal["auto", "cpu", "cuda"]

_NAMES = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
_QUIET = 3
POLL_S = 0.05


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A session with the provider that it really runs on."""

    session: Any
    provider: str
    """``cpu`` or ``cuda``."""
    notice: str | None
    """What a person should know: a fall-back and why."""


def _onnxruntime() -> Any:
    import onnxruntime  # pyright: ignore[reportMissingTypeStubs]

    # Its own warnings are about the machine, not about the user's work; failures come as exceptions.
    module: Any = onnxruntime
    module.set_default_logger_severity(_QUIET)
    return module


def available_providers() -> list[str]:
    """Providers that this installation lists, best first; whether CUDA really loads is told by `open_session`."""
    listed = _onnxruntime().get_available_providers()
    return [short for short, name in (("cuda", _NAMES["cuda"]), ("cpu", _NAMES["cpu"])) if name in listed]


def has_gpu() -> bool:
    """Whether there is an NVIDIA card to try."""
    # The wheel lists CUDA on machines without any card; asking the driver's device node is quicker than a failing load.
    return os.name == "nt" or Path("/dev/nvidiactl").exists() or Path("/dev/nvidia0").exists()


def _options(ort: Any) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = max(1, os.cpu_count() or 1)
    options.inter_op_num_threads = 1
    # Spinning threads would take the cores from the audio engine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.log_severity_level = _QUIET
    return options


def _create(ort: Any, path: str, providers: list[Any]) -> Any:
    try:
        return ort.InferenceSession(path, sess_options=_options(ort), providers=providers)
    except MemoryError:
        raise
    except Exception as error:
        raise InferenceError(
            "The model could not be started.",
            remedy="Choose the CPU in the settings; if that fails too, install the model again.",
            code="provider-failed",
            details={"reason": str(error)[:500]},
        ) from error


def open_session(pack: Pack | Path, provider: str = "auto") -> Opened:
    """Open the graph of a pack (or an ONNX file) on CUDA where asked for and possible, else on the CPU with a notice.

    Args:
        pack: a loaded pack, or the path of a graph that has been checked.
        provider: ``auto`` takes CUDA where there is a card, ``cuda`` falls back with a notice, ``cpu`` never tries.

    Raises:
        PackError: the provider has no such name (code ``provider-unknown``).
        InferenceError: ``provider-failed``, not even the CPU runs it.
    """
    if provider not in ("auto", "cpu", "cuda"):
        raise PackError(
            f"There is no processor called {provider!r}.", remedy="Choose auto, cpu or cuda.", code="provider-unknown"
        )
    ort = _onnxruntime()
    path = pack.graph if isinstance(pack, Pack) else str(pack)
    notice = None
    if provider == "cuda" or (provider == "auto" and has_gpu()):
        opened, reason = _try_cuda(ort, path)
        if opened is not None:
            return Opened(session=opened, provider="cuda", notice=None)
        notice = f"The graphics card could not be used ({reason}); the CPU did the work."
    session = _create(ort, path, [_NAMES["cpu"]])
    return Opened(session=session, provider="cpu", notice=notice)


def _try_cuda(ort: Any, path: str) -> tuple[Any, str]:
    if _NAMES["cuda"] not in ort.get_available_providers():
        return None, "this installation of onnxruntime has no CUDA"
    if not has_gpu():
        return None, "no NVIDIA card was found"
    if hasattr(ort, "preload_dlls"):
        ort.preload_dlls()
    settings = {"cudnn_conv_algo_search": "HEURISTIC", "do_copy_in_default_stream": "1"}
    try:
        session = _create(ort, path, [(_NAMES["cuda"], settings), _NAMES["cpu"]])
    except InferenceError as error:
        return None, str(error.details.get("reason", ""))[:160]
    if session.get_providers()[0] != _NAMES["cuda"]:
        return None, "its CUDA libraries did not load"
    return session, ""


def run(
    session: Any,
    feeds: dict[str, npt.NDArray[np.float32]],
    outputs: Sequence[str],
    *,
    cancelled: CancelledPoll | None = None,
) -> list[npt.NDArray[np.float32]]:
    """Run a session once; where `cancelled` is given, a run is broken off within 50 ms of it turning true.

    Raises:
        Cancelled: the run was broken off.
        InferenceError: ``inference-failed``; ``out-of-memory`` where the device ran out.
    """
    if cancelled is None:
        return _run(session, feeds, outputs, None)
    options = _onnxruntime().RunOptions()
    # A session must not be left while it runs: it is told to stop, and waited for.
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(_run, session, feeds, outputs, options)
        while not running.done():
            wait([running], timeout=POLL_S)
            if not running.done() and cancelled():
                options.terminate = True
                wait([running])
                raise Cancelled
    return running.result()


def _run(
    session: Any, feeds: dict[str, npt.NDArray[np.float32]], outputs: Sequence[str], options: Any
) -> list[npt.NDArray[np.float32]]:
    try:
        return list(session.run(list(outputs), feeds, options))
    except MemoryError:
        raise
    except Exception as error:
        text = str(error)
        starved = "memory" in text.lower() and ("alloc" in text.lower() or "out of" in text.lower())
        raise InferenceError(
            "There was not enough memory for the model." if starved else "The model failed while it ran.",
            remedy="Close other programs, or choose the CPU in the settings.",
            code="out-of-memory" if starved else "inference-failed",
            details={"reason": text[:500]},
        ) from error
