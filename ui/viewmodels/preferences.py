"""The pages of the preferences as plain rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from studio.settings import TABLE, Setting
from ui.viewmodels import words

PAGES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Audio", "volume-2", ("audio.block_frames", "audio.rate", "audio.channels", "audio.latency_ms")),
    (
        "Playing",
        "metronome",
        ("transport.count_in", "transport.metronome_db", "transport.switch", "transport.match_loudness"),
    ),
    ("Controllers", "sliders-horizontal", ("midi.pick_up",)),
    ("Models", "cpu", ("inference.provider",)),
    ("Arrangement", "magnet", ("timeline.snap", "timeline.crossfade")),
    ("Appearance", "sparkles", ("appearance.theme", "appearance.reduced_motion", "appearance.scale")),
    ("Keys", "keyboard", ()),
    ("Storage", "hard-drive", ("library.cache_gb",)),
    (
        "Export",
        "upload",
        ("export.format", "export.rate", "export.bits", "export.loudness_lufs", "export.ceiling_dbtp"),
    ),
    ("Rights and privacy", "shield-check", ("rights.territory", "export.mark", "platform.url")),
)
"""Title, icon and settings of each page; the pages of audio, controllers, models, keys and storage hold more."""

DEFAULT_DEVICE = "default"


@dataclass(frozen=True, kw_only=True)
class PreferenceRow:
    """One setting: its words, its value as text, its choices, and `apply`, which sets a text and gives what then
    stands."""

    key: str
    title: str
    kind: str
    help: str
    value: str
    choices: tuple[tuple[str, str], ...]
    apply: Callable[[str], str]
    unit: str = ""
    """Of a number that is typed, and from where to where it may go."""


def preference_row(session: Any, key: str) -> PreferenceRow:
    """The row of one setting."""
    settings = session.settings
    setting = _setting(key)

    def apply(text: str) -> str:
        if not text and setting.optional:
            settings.set(key, None)
        else:
            settings.set(key, setting.parsed(text.replace(words.MINUS, "-")))
        return _text(settings.get(key))

    return PreferenceRow(
        key=key,
        title=setting.title,
        kind=setting.kind,
        help=_minus(setting.help),
        value=_text(settings.get(key)),
        choices=tuple((_text(choice.value), _minus(choice.title)) for choice in setting.choices),
        apply=apply,
        unit=_span(setting),
    )


def device_row(session: Any, devices: list[Any], *, inputs: bool) -> PreferenceRow:
    """The row that chooses the output or the input among the devices that are there; one that was chosen and is
    away keeps its place."""
    key = "audio.input" if inputs else "audio.device"
    setting, settings = _setting(key), session.settings
    there = [device for device in devices if (device.inputs if inputs else device.channels)]
    choices = [(DEFAULT_DEVICE, "Default input" if inputs else "Default output")]
    choices += [(str(device.id), device_title(device, inputs=inputs)) for device in there]
    chosen = settings.get(key)
    if chosen is not None and all(str(chosen) != value for value, _ in choices):
        choices.append((str(chosen), f"{chosen} (not connected)"))

    def apply(text: str) -> str:
        settings.set(key, None if text == DEFAULT_DEVICE else text)
        return _text(settings.get(key))

    return PreferenceRow(
        key=key,
        title=setting.title,
        kind="device",
        help=setting.help,
        value=DEFAULT_DEVICE if chosen is None else str(chosen),
        choices=tuple(choices),
        apply=apply,
    )


def device_title(device: Any, *, inputs: bool) -> str:
    """``Studio interface · ALSA · 5.3 ms``."""
    latency_s = device.input_latency_s if inputs else device.latency_s
    parts = [device.name, device.host]
    if latency_s:
        parts.append(f"{latency_s * 1000:.1f} ms")
    return " · ".join(part for part in parts if part)


def _setting(key: str) -> Setting:
    return next(setting for setting in TABLE if setting.key == key)


def _span(setting: Setting) -> str:
    """``ms, 0 to 1000``; nothing where one does not type a number."""
    if setting.kind != "number" or setting.minimum is None or setting.maximum is None:
        return ""
    return _minus(f"{setting.unit.replace('x', '×')}, {setting.minimum:g} to {setting.maximum:g}")


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}".replace("-", words.MINUS)
    return "none" if value is None else str(value)


def _minus(text: str) -> str:
    """Numbers below zero with the sign that is as wide as a plus."""
    return re.sub(r"(?<![\w-])-(?=\d)", words.MINUS, text)
