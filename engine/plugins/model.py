"""What is known of a plug-in: light values that any process may hold, and the errors of this package."""

from __future__ import annotations

import msgspec

from engine.errors import EngineError


class PluginError(EngineError):
    """A plug-in that cannot be used. Codes: plugin-extra-missing, plugin-missing, plugin-failed, plugin-slow,
    plugin-crashed, plugin-blocked, plugin-instrument, plugin-channels, plugin-stopped, plugin-editor."""

    code = "plugin-failed"


class ParameterInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of a plug-in. Values are normalised: 0 to 1 over the parameter's whole range."""

    id: str
    """Made from the name (lower case, ``_`` for all else; a number is added where two are alike): it stays the same
    from one version of the plug-in to the next as long as the name does."""
    index: int
    """Place in the plug-in's own list."""
    name: str
    value: float = 0.0
    default: float = 0.0
    steps: int = 0
    """How many values it has, 0 for a continuous one."""
    unit: str = ""
    text: str = ""
    """The value as the plug-in writes it."""
    minimum: str = ""
    maximum: str = ""
    """The ends of the range as the plug-in writes them."""
    automatable: bool = True


class PluginInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One plug-in of a file."""

    path: str
    name: str
    vendor: str = ""
    version: str = ""
    category: str = ""
    identifier: str = ""
    instrument: bool = False
    """True for one that plays notes: it cannot be an insert."""
    channels: int = 2
    """2, or 1 for one that is run twice, left and right."""
    latency_frames: int = 0
    """At the rate at which it was loaded."""
    parameters: tuple[ParameterInfo, ...] = ()


VST3 = "engine.plugins.vst3:load"
"""The loader of VST3 plug-ins."""


class PluginSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a plug-in's process is asked to load.

    `loader` names a function ``load(spec) -> engine.plugins.adapter.Adapter`` as ``"package.module:function"``.
    """

    path: str
    name: str = ""
    rate: int = 48_000
    state: bytes = b""
    values: dict[str, float] = {}
    """Normalised values by parameter id, set after the state."""
    loader: str = VST3


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """How a plug-in stands: its own state, and the values of its parameters by id."""

    state: bytes = b""
    values: dict[str, float] = {}


def parameter_ids(names: list[str]) -> list[str]:
    """Stable ids for parameters, in their order.

    >>> parameter_ids(["Mix (%)", "Gain", "gain", "♭"])
    ['mix', 'gain', 'gain_2', 'parameter']
    """
    seen: dict[str, int] = {}
    ids: list[str] = []
    for name in names:
        words = "".join(c if c.isascii() and c.isalnum() else " " for c in name.lower()).split()
        base = "_".join(words) or "parameter"
        seen[base] = seen.get(base, 0) + 1
        found = base if seen[base] == 1 else f"{base}_{seen[base]}"
        while found in ids:
            seen[base] += 1
            found = f"{base}_{seen[base]}"
        ids.append(found)
    return ids
