"""The one door to onnxruntime: providers, sessions and runs.

What is asked for and what one gets are told apart: `get_available_providers` lists CUDA also where its libraries fail
to load, and onnxruntime then falls back in silence. `Opened.provider` is read from the finished session.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from engine.errors import Cancelled, InferenceError, PackError
from engine.inference.pack_format import ProviderOptions
from engine.inference.packs import Pack
from engine.types import Cancelled as CancelledPoll

Provider = Literal["auto", "cpu", "cuda", "tensorrt"]

Factory = Callable[[str, Any, list[Any]], Any]
"""``factory(path, options, providers)`` makes a session; tests give one that fails or lies in a known way."""

_NAMES = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}
TITLES = {"cpu": "the CPU", "cuda": "the graphics card", "tensorrt": "TensorRT"}
_QUIET = 3
POLL_S = 0.05


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A session with the provider that it really runs on."""

    session: Any
    provider: str
    """``cpu``, ``cuda`` or ``tensorrt``."""
    notice: str | None
    """What a person should know: a fall-back and why."""


def _onnxruntime() -> Any:
    import onnxruntime  # pyright: ignore[reportMissingTypeStubs]

    # Its own warnings are about the machine, not about the user's work; failures come as exceptions.
    module: Any = onnxruntime
    module.set_default_logger_severity(_QUIET)
    return module


def version() -> str:
    """Version of onnxruntime."""
    return str(_onnxruntime().__version__)


def available_providers() -> list[str]:
    """Providers that this installation lists, best first; whether CUDA really loads is told by `open_session`."""
    listed = _onnxruntime().get_available_providers()
    return [short for short in ("tensorrt", "cuda", "cpu") if _NAMES[short] in listed]


def has_gpu() -> bool:
    """Whether there is an NVIDIA card to try."""
    # The wheel lists CUDA on machines without any card; asking the driver's device node is quicker than a failing load.
    return os.name == "nt" or Path("/dev/nvidiactl").exists() or Path("/dev/nvidia0").exists()


def thread_count() -> int:
    """Threads for a model on the CPU: all cores of a small machine, else one is left to the audio engine."""
    cores = os.cpu_count() or 1
    return cores if cores <= 2 else cores - 1


def _options(ort: Any, provider: str, threads: int | None) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or thread_count()
    options.inter_op_num_threads = 1
    # Spinning threads would take the cores from the audio engine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    # The blocked layouts of the last level are for the CPU alone: a fifth quicker there (docs/models.md).
    level = ort.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if provider == "cpu" else level.ORT_ENABLE_EXTENDED
    options.log_severity_level = _QUIET
    return options


def _session(path: str, options: Any, providers: list[Any]) -> Any:
    return _onnxruntime().InferenceSession(path, sess_options=options, providers=providers)


def _create(
    ort: Any, path: str, provider: str, providers: list[Any], factory: Factory | None, threads: int | None
) -> Any:
    try:
        return (factory or _session)(path, _options(ort, provider, threads), providers)
    except MemoryError:
        raise
    except Exception as error:
        raise InferenceError(
            "The model could not be started.",
            remedy="Choose the CPU in the settings; if that fails too, install the model again.",
            code="provider-failed",
            details={"reason": str(error)[:500]},
        ) from error


def open_session(
    pack: Pack | Path,
    provider: str = "auto",
    *,
    graph: str | None = None,
    cache: Path | None = None,
    factory: Factory | None = None,
    threads: int | None = None,
) -> Opened:
    """Open a graph of a pack (or an ONNX file) on the provider that is asked for where it works, else on the CPU with
    a notice.

    Args:
        pack: a loaded pack, or the path of a graph that has been checked.
        provider: ``auto`` takes CUDA where there is a card, ``cuda`` and ``tensorrt`` fall back with a notice
            (TensorRT to CUDA first), ``cpu`` never tries.
        graph: path of another graph of the pack.
        cache: folder in which TensorRT keeps what it built; without it TensorRT builds anew at each start.
        factory: makes the session; for tests.
        threads: for the CPU; all cores of a small machine where None.

    Raises:
        PackError: the provider has no such name (code ``provider-unknown``).
        InferenceError: ``provider-failed``, not even the CPU runs it.
    """
    if provider not in ("auto", *_NAMES):
        raise PackError(
            f"There is no processor called {provider!r}.",
            remedy="Choose auto, cpu, cuda or tensorrt.",
            code="provider-unknown",
        )
    ort = _onnxruntime()
    path = graph or (pack.graph if isinstance(pack, Pack) else str(pack))
    wanted = {"cpu": (), "cuda": ("cuda",), "tensorrt": ("tensorrt", "cuda")}.get(provider)
    tries: tuple[str, ...] = wanted if wanted is not None else (("cuda",) if has_gpu() else ())
    reasons: list[str] = []
    for each in tries:
        reason = _missing(each)
        if reason is None:
            chain = [(_NAMES[name], _settings(name, pack, cache)) for name in tries[tries.index(each) :]]
            try:
                session = _create(ort, path, each, [*chain, _NAMES["cpu"]], factory, threads)
            except InferenceError as error:
                reason = str(error.details.get("reason", ""))[:160]
            else:
                if session.get_providers()[0] == _NAMES[each]:
                    return Opened(session=session, provider=each, notice=fallen(reasons, each))
                reason = "its libraries did not load"
        reasons.append(f"{TITLES[each]}: {reason}")
    session = _create(ort, path, "cpu", [_NAMES["cpu"]], factory, threads)
    return Opened(session=session, provider="cpu", notice=fallen(reasons, "cpu"))


def fallen(reasons: Sequence[str], to: str) -> str | None:
    """The sentence that says what could not be used, why, and what did the work."""
    if not reasons:
        return None
    first = reasons[0][:1].upper() + reasons[0][1:]
    what, _, why = first.partition(": ")
    return f"{what} could not be used ({why}); {TITLES[to]} did the work."


def _missing(provider: str) -> str | None:
    """Why a provider cannot even be tried."""
    ort = _onnxruntime()
    if _NAMES[provider] not in ort.get_available_providers():
        return f"this installation of onnxruntime has no {'CUDA' if provider == 'cuda' else 'TensorRT'}"
    if not has_gpu():
        return "no NVIDIA card was found"
    if hasattr(ort, "preload_dlls"):
        ort.preload_dlls()
    return None


def _settings(provider: str, pack: Pack | Path, cache: Path | None) -> dict[str, str]:
    """Settings of a provider: ours, then the few that a pack may choose."""
    chosen = pack.runtime.options.get(provider) if isinstance(pack, Pack) else None  # type: ignore[call-overload]
    own: ProviderOptions = chosen or ProviderOptions()
    limit = {} if own.memory_limit_mb is None else {"gpu_mem_limit": str(own.memory_limit_mb * 1024 * 1024)}
    if provider == "cuda":
        # An exhaustive search for the best convolution costs seconds at each start and each new shape.
        settings = {"cudnn_conv_algo_search": own.conv_search or "HEURISTIC", "do_copy_in_default_stream": "1"}
        return settings | limit | ({} if own.tf32 is None else {"use_tf32": str(int(own.tf32))})
    settings = {"trt_fp16_enable": str(int(isinstance(pack, Pack) and pack.runtime.fp16))}
    if own.memory_limit_mb is not None:
        settings["trt_max_workspace_size"] = str(own.memory_limit_mb * 1024 * 1024)
    if cache is not None:
        cache.mkdir(parents=True, exist_ok=True)
        settings |= {"trt_engine_cache_enable": "1", "trt_engine_cache_path": str(cache)}
    return settings


def run(
    session: Any,
    feeds: dict[str, npt.NDArray[np.float32]],
    outputs: Sequence[str],
    *,
    cancelled: CancelledPoll | None = None,
    limit_s: float | None = None,
) -> list[npt.NDArray[np.float32]]:
    """Run a session once; where `cancelled` is given, a run is broken off within 50 ms of it turning true.

    Raises:
        Cancelled: the run was broken off.
        InferenceError: ``inference-failed``; ``out-of-memory`` where the device ran out; ``model-endless`` after
            `limit_s` seconds.
    """

    def once(options: Any) -> list[npt.NDArray[np.float32]]:
        return list(session.run(list(outputs), feeds, options))

    return guarded(once, cancelled=cancelled, limit_s=limit_s)


def guarded(
    once: Callable[[Any], list[npt.NDArray[np.float32]]],
    *,
    cancelled: CancelledPoll | None = None,
    limit_s: float | None = None,
) -> list[npt.NDArray[np.float32]]:
    """Call ``once(run options)`` under the rules of `run`."""
    if cancelled is None and limit_s is None:
        return _named(once, None)
    options = _onnxruntime().RunOptions()
    begun = time.monotonic()
    # A session must not be left while it runs: it is told to stop, and waited for.
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(_named, once, options)
        while not running.done():
            wait([running], timeout=POLL_S)
            if running.done():
                break
            if cancelled is not None and cancelled():
                options.terminate = True
                wait([running])
                raise Cancelled
            if limit_s is not None and time.monotonic() - begun > limit_s:
                options.terminate = True
                wait([running])
                raise InferenceError(
                    "The model did not come to an end.",
                    remedy="Use another model; this one is broken or far too large for this computer.",
                    code="model-endless",
                )
    return running.result()


def _named(once: Callable[[Any], list[npt.NDArray[np.float32]]], options: Any) -> list[npt.NDArray[np.float32]]:
    try:
        return once(options)
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
