"""The graphs of a pack, ready to run: on the GPU with values that stay there, on the CPU when that fails, and on no
provider that gives wrong numbers."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.errors import InferenceError
from engine.inference import runtime
from engine.inference.families.protocol import Call
from engine.inference.packs import Pack
from engine.inference.selftest import deviation, tolerance
from engine.types import Cancelled as CancelledPoll

Array = npt.NDArray[np.float32]

DEVICES = {"cuda": "cuda"}
"""Where values are kept from run to run, by provider; the others take and give them at each run."""
_HALF = "tensor(float16)"


class Graph:
    """A session that is called with its inputs in order. Half-precision graphs are fed and read in float32.

    On a device, inputs and outputs rest in memory of that device from call to call (IOBinding). Several threads may
    call; on a device they take turns.
    """

    def __init__(self, session: Any, *, device: str | None = None):
        """`device` is where values are kept (``cuda``, or ``cpu`` in tests); None runs without binding."""
        self._session, self._device = session, device
        self._turn = threading.Lock()
        self._inputs = [(port.name, port.type) for port in session.get_inputs()]
        self._outputs = [port.name for port in session.get_outputs()]
        self._binding: Any = None
        self._held: dict[str, Any] = {}
        self._shapes: list[tuple[int, ...]] = []

    def __call__(
        self, feeds: Sequence[Array], *, cancelled: CancelledPoll | None = None, limit_s: float | None = None
    ) -> list[Array]:
        """Run once; see `runtime.run`."""
        cast = [
            np.ascontiguousarray(feed, np.float16 if kind == _HALF else np.float32)
            for feed, (_, kind) in zip(feeds, self._inputs, strict=True)
        ]

        def once(options: Any) -> list[Array]:
            if self._device is not None:
                with self._turn:
                    return self._bound(cast, options, self._device)
            named = {name: feed for (name, _), feed in zip(self._inputs, cast, strict=True)}
            return [np.asarray(out, np.float32) for out in self._session.run(self._outputs, named, options)]

        return runtime.guarded(once, cancelled=cancelled, limit_s=limit_s)

    def _bound(self, feeds: list[Any], options: Any, device: str) -> list[Array]:
        import onnxruntime  # pyright: ignore[reportMissingTypeStubs]

        shapes = [feed.shape for feed in feeds]
        if self._binding is None or shapes != self._shapes:
            self._binding, self._shapes = self._session.io_binding(), shapes
            for (name, _), feed in zip(self._inputs, feeds, strict=True):
                self._held[name] = onnxruntime.OrtValue.ortvalue_from_numpy(feed, device, 0)
                self._binding.bind_ortvalue_input(name, self._held[name])
            for name in self._outputs:
                self._binding.bind_output(name, device, 0)
            self._session.run_with_iobinding(self._binding, options)
            made = self._binding.get_outputs()
            # From now on the outputs too are written where they were written now.
            for name, value in zip(self._outputs, made, strict=True):
                self._binding.bind_ortvalue_output(name, value)
        else:
            for (name, _), feed in zip(self._inputs, feeds, strict=True):
                self._held[name].update_inplace(feed)
            self._session.run_with_iobinding(self._binding, options)
            made = self._binding.get_outputs()
        return [np.array(value.numpy(), np.float32) for value in made]


class Graphs:
    """All graphs of a pack on one provider. What fails on a GPU is done again on the CPU, and a notice says so."""

    def __init__(
        self,
        pack: Pack,
        provider: str = "auto",
        *,
        memory: Path | None = None,
        cancelled: CancelledPoll | None = None,
        factory: runtime.Factory | None = None,
        threads: int | None = None,
    ):
        """Open the pack's graphs and prove the provider with the pack's self-test.

        Args:
            pack: a loaded pack.
            provider: see `runtime.open_session`.
            memory: folder that remembers passed self-tests and what TensorRT built; without it nothing is remembered.
            cancelled: breaks off a run.
            factory: makes sessions; for tests.
            threads: for the CPU.

        Raises:
            InferenceError: ``provider-failed`` where not even the CPU runs it, ``model-wrong`` where even the CPU
                gives other numbers than the pack's maker had.
        """
        self._pack, self._memory, self._factory, self._threads = pack, memory, factory, threads
        self.cancelled = cancelled
        """Asked while a graph runs; may be changed between runs."""
        self.notices: list[str] = []
        self._graphs: dict[str, Graph] = {}
        self._falling = threading.Lock()
        self.provider = "cpu"
        self._open(provider)
        self._prove()

    def calls(self) -> dict[str, Call]:
        """The graphs by stem; under ``""`` the one of a pack that has but one."""

        def call_of(name: str) -> Call:
            return lambda feeds: self._call(name, feeds)

        return {name: call_of(name) for name in self._graphs}

    def _paths(self) -> dict[str, str]:
        return self._pack.stem_graphs or {"": self._pack.graph}

    def _open(self, provider: str) -> None:
        cache = None if self._memory is None else self._memory / "engines" / self._pack.digest[:16]
        graphs: dict[str, Graph] = {}
        for name, path in self._paths().items():
            opened = runtime.open_session(
                self._pack, provider, graph=path, cache=cache, factory=self._factory, threads=self._threads
            )
            # All graphs of a pack run in one place: where the first one fell back, the others do not try.
            provider = opened.provider
            if opened.notice is not None:
                self.notices.append(opened.notice)
            graphs[name] = Graph(opened.session, device=DEVICES.get(opened.provider))
        self._graphs, self.provider = graphs, provider

    def _fall(self, reason: str) -> None:
        notice = runtime.fallen([f"{runtime.TITLES[self.provider]}: {reason}"], "cpu")
        self._open("cpu")
        if notice is not None:
            self.notices.append(notice)

    def _call(self, name: str, feeds: Sequence[Array]) -> list[Array]:
        graphs, provider = self._graphs, self.provider
        try:
            return graphs[name](feeds, cancelled=self.cancelled)
        except InferenceError as error:
            if provider == "cpu":
                raise
            with self._falling:
                # Another thread may have found out before.
                if self._graphs is graphs:
                    self._fall("it ran out of memory" if error.code == "out-of-memory" else "the model failed on it")
            return self._graphs[name](feeds, cancelled=self.cancelled)

    def _prove(self) -> None:
        """Run the self-test where this provider has not passed it yet; one that gives wrong numbers is not used."""
        if self._pack.selftest is None or self._remembered():
            return
        reason = self._selftest()
        if reason is not None and self.provider != "cpu":
            self._fall(reason)
            reason = None if self._remembered() else self._selftest()
        if reason is not None:
            raise InferenceError(
                f"{self._pack.title} does not work on this computer: {reason}.",
                remedy="Install the model again, or choose another one.",
                code="model-wrong",
            )
        self._remember()

    def _selftest(self) -> str | None:
        """Why the self-test failed, or None."""
        graph = next(iter(self._graphs.values()))
        try:
            off = deviation(self._pack, partial(graph, cancelled=self.cancelled))
        except InferenceError as error:
            return error.message.rstrip(".").lower()
        if off <= tolerance(self._pack):
            return None
        return f"it gives wrong numbers there, off by {off:.0e} of full scale"

    def _key(self) -> str:
        text = f"{self._pack.digest} {self.provider} {runtime.version()} {_device_name(self.provider)}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def _remembered(self) -> bool:
        return self._memory is not None and (self._memory / "proved" / f"{self._key()}.json").is_file()

    def _remember(self) -> None:
        if self._memory is None:
            return
        # What cannot be remembered is proved again next time.
        with contextlib.suppress(OSError):
            folder = self._memory / "proved"
            folder.mkdir(parents=True, exist_ok=True)
            part = folder / f".{self._key()}.{os.getpid()}"
            part.write_text(json.dumps({"pack": self._pack.id, "provider": self.provider}), encoding="utf-8")
            part.replace(folder / f"{self._key()}.json")


def _device_name(provider: str) -> str:
    """What tells one card or driver from another."""
    if provider == "cpu":
        return ""
    with contextlib.suppress(OSError):
        return Path("/proc/driver/nvidia/version").read_text(encoding="utf-8").strip()
    return ""
