"""The rows of the preferences, from the table of the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from studio.settings import TABLE, Setting

SHOWN = (
    "appearance.theme",
    "audio.device",
    "inference.provider",
    "rights.territory",
    "timeline.snap",
    "export.format",
    "export.loudness_lufs",
    "platform.url",
)
DEFAULT_DEVICE = "default"


@dataclass(frozen=True, kw_only=True)
class PreferenceRow:
    """One setting: its words, its value as text, its choices, and `apply`, which sets a text and gives what then
    stands."""

    key: str
    title: str
    section: str
    help: str
    value: str
    choices: tuple[tuple[str, str], ...]
    apply: Callable[[str], str]


def preference_rows(session: Any) -> list[PreferenceRow]:
    """The rows in the order of the page."""
    table = {setting.key: setting for setting in TABLE}
    return [_row(session, table[key]) for key in SHOWN]


def _row(session: Any, setting: Setting) -> PreferenceRow:
    settings = session.settings
    choices = tuple((_text(choice.value), choice.title) for choice in setting.choices)
    value = _text(settings.get(setting.key))
    if setting.key == "audio.device":
        devices = [device for device in session.player.devices() if device.channels]
        choices = ((DEFAULT_DEVICE, "Default output"), *((_text(device.id), device.name) for device in devices))
        value = value if settings.get(setting.key) is not None else DEFAULT_DEVICE

    def apply(text: str) -> str:
        if setting.key == "audio.device":
            device = None if text == DEFAULT_DEVICE else text
            settings.set(setting.key, device)
            session.player.set_device(device)
        elif not text and setting.optional:
            settings.set(setting.key, None)
        else:
            settings.set(setting.key, setting.parsed(text))
        return _text(settings.get(setting.key))

    return PreferenceRow(
        key=setting.key,
        title=setting.title,
        section=setting.section,
        help=setting.help,
        value=value,
        choices=choices,
        apply=apply,
    )


def _text(value: object) -> str:
    return "none" if value is None else str(value)
