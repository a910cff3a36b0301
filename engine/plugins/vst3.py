"""VST3 through pedalboard: the only module that imports it. pedalboard is under the GPL 3; it is an optional extra, and
this module runs in processes that load plug-ins and in no other."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.plugins.model import ParameterInfo, PluginError, PluginInfo, PluginSpec, parameter_ids
from engine.types import Audio

BLOCK = 8192
"""Most frames that a plug-in is given in one call."""

LOAD_S = 15.0

FLUSH_S = 2.0
"""Most silence, in seconds of sound, that a plug-in which cannot be reset is given instead."""

SILENT = 1e-6
"""A peak that counts as silence."""

PORTION = 16


def installed() -> bool:
    """Whether the extra is there."""
    return importlib.util.find_spec("pedalboard") is not None


def require() -> None:
    """Raise a named error where the extra is missing.

    Raises:
        PluginError: plugin-extra-missing.
    """
    if not installed():
        raise PluginError(
            "VST3 plug-ins need an extra that is not installed.",
            remedy="Install it with: pip install contrafact[vst3]",
            code="plugin-extra-missing",
        )


def plugin_names(path: str) -> list[str]:
    """The names of the plug-ins in a file.

    Raises:
        PluginError: plugin-extra-missing, plugin-missing, plugin-failed.
    """
    kind = _plugin_class(path)
    try:
        return list(kind.get_plugin_names_for_file(path))
    except Exception as problem:
        raise _failed(path, problem) from problem


def load(spec: PluginSpec) -> Vst3Adapter:
    """Load a plug-in with its state and values.

    Raises:
        PluginError: plugin-extra-missing, plugin-missing, plugin-failed, plugin-channels.
    """
    return Vst3Adapter(spec)


def _plugin_class(path: str) -> Any:
    require()
    if not Path(path).exists():
        raise PluginError(
            f"The plug-in {Path(path).stem} is not where it was.",
            remedy="Install it again, or scan for plug-ins.",
            code="plugin-missing",
            details={"path": path},
        )
    import pedalboard

    kind: Any = pedalboard.VST3Plugin
    # pedalboard asks each parameter for 1,000 texts as it loads a plug-in, which takes some plug-ins minutes; no value
    # is given to the constructor here, so that there is nothing to set.
    kind.__set_initial_parameter_values__ = _set_nothing
    return kind


def _set_nothing(plugin: Any, values: Any) -> None:
    del plugin, values


def _failed(path: str, problem: Exception) -> PluginError:
    return PluginError(
        f"The plug-in {Path(path).stem} could not be loaded.",
        remedy="See whether it is made for this system and its licence is in order, or install it again.",
        code="plugin-failed",
        details={"path": path, "reason": str(problem)[:500]},
    )


class Vst3Adapter:
    """A VST3 plug-in; one that has a single channel is loaded twice, for left and right."""

    def __init__(self, spec: PluginSpec):
        self._spec = spec
        self._kind = _plugin_class(spec.path)
        self._plugins = [self._open()]
        self._lock = threading.Lock()
        first = self._plugins[0]
        self._stereo = self._takes(first, 2)
        if not self._stereo:
            if not self._takes(first, 1):
                raise PluginError(
                    f"{first.name} has neither one nor two channels.",
                    remedy="Choose a mono or stereo version of it.",
                    code="plugin-channels",
                )
            self._plugins.append(self._open())
        self._ids = parameter_ids([parameter.name for parameter in first._parameters])
        self._initial = bytes(first.raw_state)
        if spec.state:
            self.load_state(spec.state)
        self.set_values({i: spec.values[name] for i, name in enumerate(self._ids) if name in spec.values})
        self._latency = 0
        self._swallowed = 0
        self._queue = np.zeros((2, 0), dtype=np.float32)
        self._resets = self._clears()
        self._settle()

    def _open(self) -> Any:
        try:
            return self._kind(self._spec.path, plugin_name=self._spec.name or None, initialization_timeout=LOAD_S)
        except ImportError as problem:
            raise _failed(self._spec.path, problem) from problem
        except ValueError as problem:
            raise _failed(self._spec.path, problem) from problem

    def _takes(self, plugin: Any, channels: int) -> bool:
        # pedalboard tells channels from frames by the first block's shape and remembers it: shorter ones may follow.
        silence = np.zeros((channels, 512), dtype=np.float32)
        try:
            plugin.process(silence, self._spec.rate, buffer_size=BLOCK, reset=False)
        except ValueError:
            return False
        return True

    def _clears(self) -> bool:
        """Whether a reset silences the plug-in: what pedalboard guesses as it loads one differs from time to time."""
        # pedalboard makes some plug-ins anew as it resets them, which leaves every parameter held until then dangling.
        if not all(str(plugin._reload_type).endswith("ClearsAudioOnReset") for plugin in self._plugins):
            return False
        self._run(np.random.default_rng(0).uniform(-0.25, 0.75, (2, BLOCK)).astype(np.float32))
        for plugin in self._plugins:
            plugin.reset()
        left = self._run(np.zeros((2, BLOCK), dtype=np.float32))
        return not float(np.abs(left).max(initial=0.0)) > SILENT

    def _settle(self) -> None:
        # pedalboard leaves out the first frames of a plug-in with latency, in most cases; how many is seen by trial.
        self._latency = max(int(plugin.reported_latency_samples) for plugin in self._plugins)
        self._clear()
        fed = came = 0
        while self._latency and fed <= self._latency:
            came += self._run(np.zeros((2, BLOCK), dtype=np.float32)).shape[1]
            fed += BLOCK
        self._swallowed = fed - came
        self._clear()

    def _clear(self) -> None:
        if self._resets:
            for plugin in self._plugins:
                plugin.reset()
        else:
            silence = np.zeros((2, BLOCK), dtype=np.float32)
            for _ in range(0, round(FLUSH_S * self._spec.rate), BLOCK):
                done = self._run(silence)
                if done.shape[1] == BLOCK and not np.abs(done).max() > SILENT:
                    break
        self._queue = np.zeros((2, self._swallowed), dtype=np.float32)

    def _run(self, block: Audio) -> Audio:
        parts = [block] if self._stereo else [block[:1], block[1:]]
        done = [
            np.asarray(
                plugin.process(np.ascontiguousarray(part), self._spec.rate, buffer_size=BLOCK, reset=False),
                dtype=np.float32,
            )
            for plugin, part in zip(self._plugins, parts, strict=True)
        ]
        return done[0] if self._stereo else np.concatenate(done)

    @property
    def latency_frames(self) -> int:
        """By how much the result lags behind."""
        return self._latency

    def describe(self) -> PluginInfo:
        """The plug-in as it is now."""
        first = self._plugins[0]
        return PluginInfo(
            path=self._spec.path,
            name=str(first.name),
            vendor=str(first.manufacturer_name),
            version=str(first.version),
            category=str(first.category),
            identifier=str(first.identifier),
            instrument=bool(first.is_instrument),
            channels=2 if self._stereo else 1,
            latency_frames=self._latency,
            parameters=tuple(self._described()),
        )

    def _described(self) -> Iterator[ParameterInfo]:
        # In portions, so that the sound need not wait for a plug-in with thousands of parameters.
        for start in range(0, len(self._ids), PORTION):
            with self._lock:
                parameters = self._plugins[0]._parameters[start : start + PORTION]
                names = self._ids[start : start + PORTION]
                found = [_describe(start + i, *each) for i, each in enumerate(zip(names, parameters, strict=False))]
            yield from found

    def process(self, block: Audio) -> Audio:
        """The effect on ``(2, frames)``, late by the latency."""
        frames = block.shape[1]
        with self._lock:
            queue = np.concatenate((self._queue, self._run(block)), axis=1)
            if queue.shape[1] < frames:
                queue = np.pad(queue, ((0, 0), (frames - queue.shape[1], 0)))
            self._queue = queue[:, frames:]
            return queue[:, :frames]

    def set_values(self, values: Mapping[int, float]) -> None:
        """Set parameters of both channels by index."""
        if not values:
            return
        with self._lock:
            for plugin in self._plugins:
                parameters = plugin._parameters
                for index, value in values.items():
                    if 0 <= index < len(parameters):
                        parameters[index].raw_value = value

    def values(self) -> dict[str, float]:
        """All values by id."""
        with self._lock:
            return {
                name: float(parameter.raw_value)
                for name, parameter in zip(self._ids, self._plugins[0]._parameters, strict=False)
            }

    def reset(self) -> None:
        """Forget all sound."""
        with self._lock:
            self._settle()

    def state(self) -> bytes:
        """The plug-in's own state."""
        return bytes(self._plugins[0].raw_state)

    def load_state(self, state: bytes) -> None:
        """Take up a state; one that the plug-in does not understand leaves it as it is, b"" brings back its
        defaults."""
        with self._lock:
            for plugin in self._plugins:
                # Assigning to the attribute would make pedalboard look through 1,000 texts of each parameter.
                self._kind.raw_state.__set__(plugin, state or self._initial)

    def show_editor(self, close: threading.Event) -> None:
        """The plug-in's own window; blocks until it is closed. The second instance of a mono plug-in follows."""
        _forgive_x_errors()
        try:
            self._plugins[0].show_editor(close)
        except (RuntimeError, TypeError) as problem:
            raise PluginError(
                f"The window of {self._plugins[0].name} cannot be shown.",
                remedy="Use the parameters in the insert's panel.",
                code="plugin-editor",
                details={"reason": str(problem)[:500]},
            ) from problem
        if not self._stereo:
            with self._lock:
                for source, target in zip(*(plugin._parameters for plugin in self._plugins), strict=False):
                    target.raw_value = source.raw_value


_HANDLERS: list[Any] = []
"""The handler of X errors must live as long as the process."""


def _pass(display: int, event: int) -> int:
    del display, event
    return 0


def _forgive_x_errors() -> None:
    """Let an X error pass: by default it ends the process, and many a plug-in's window asks for a property of a window
    that is not there yet."""
    if _HANDLERS or not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):
        handler = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(_pass)
        ctypes.CDLL("libX11.so.6").XSetErrorHandler(handler)
        _HANDLERS.append(handler)


def _describe(index: int, name: str, parameter: Any) -> ParameterInfo:
    steps = int(parameter.num_steps)
    return ParameterInfo(
        id=name,
        index=index,
        name=str(parameter.name),
        value=float(parameter.raw_value),
        default=min(max(float(parameter.default_raw_value), 0.0), 1.0),
        # A continuous parameter says 2^31 - 1.
        steps=2 if parameter.is_boolean else steps if parameter.is_discrete and steps < 1 << 16 else 0,
        unit=str(parameter.label),
        text=str(parameter.string_value),
        minimum=str(parameter.get_text_for_raw_value(0.0)),
        maximum=str(parameter.get_text_for_raw_value(1.0)),
        automatable=bool(parameter.is_automatable),
    )
