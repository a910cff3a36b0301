"""The values of the settings, and the file that keeps what was changed."""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path
from typing import Any, cast

import msgspec

from studio.base.atomic import storage_error, write_json
from studio.base.events import Event
from studio.settings.table import TABLE, Setting, SettingsError, Value


class SettingChange(msgspec.Struct, frozen=True):
    """A setting that has a new value."""

    key: str
    value: Value


class Settings:
    """The values of the table, kept in a file: only what differs from the defaults is written, and lines that this
    version does not know are left in it.

    `changed` is emitted on the thread that changes a value. A file that cannot be read counts as empty, and `notice`
    says so.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._table = {setting.key: setting for setting in TABLE}
        self._values: dict[str, Value] = {}
        self._strangers: dict[str, Any] = {}
        self.changed: Event[SettingChange] = Event("settings.changed")
        self.notice: str | None = None
        self._load()

    def setting(self, key: str) -> Setting:
        """The line of the table with this key.

        Raises:
            SettingsError: setting-unknown.
        """
        try:
            return self._table[key]
        except KeyError:
            raise SettingsError(
                f"There is no setting “{key}”.",
                remedy="Look in the settings for its name.",
                code="setting-unknown",
                details={"key": key},
            ) from None

    def get(self, key: str) -> Any:
        """The value of a setting.

        Raises:
            SettingsError: setting-unknown.
        """
        setting = self.setting(key)
        with self._lock:
            return self._values.get(key, setting.default)

    def all(self) -> dict[str, Value]:
        """Every key with its value, in the order of the table."""
        return {key: self.get(key) for key in self._table}

    def set(self, key: str, value: object) -> None:
        """Change a setting and write the file; nothing happens when it has this value already.

        Raises:
            SettingsError: setting-unknown, or setting-invalid for a value of another kind.
            StorageError: when the file cannot be written; the old value stays.
        """
        setting = self.setting(key)
        self._change({key: _territory(key, setting.checked(value))})

    def reset(self, key: str | None = None) -> None:
        """Take one setting, or all of them, back to the default.

        Raises:
            SettingsError: setting-unknown.
            StorageError: when the file cannot be written; the old values stay.
        """
        keys = list(self._table) if key is None else [self.setting(key).key]
        self._change({each: self._table[each].default for each in keys})

    def _change(self, values: dict[str, Value]) -> None:
        with self._lock:
            new = {key: value for key, value in values.items() if value != self.get(key)}
            if not new:
                return
            merged = {**self._values, **new}
            kept = {key: value for key, value in merged.items() if value != self._table[key].default}
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as problem:
                raise storage_error(problem, self._path) from problem
            write_json(self._path, {**self._strangers, **kept})
            self._values = kept
        for key, value in new.items():
            self.changed.emit(SettingChange(key, value))

    def _load(self) -> None:
        try:
            found: Any = json.loads(self._path.read_bytes())
            if not isinstance(found, dict):
                raise ValueError("not a table")
        except FileNotFoundError:
            return
        except (OSError, ValueError, RecursionError):
            self.notice = "Your settings could not be read, so the defaults are used."
            with contextlib.suppress(OSError):
                self._path.replace(self._path.with_suffix(".unread.json"))
            return
        for key, value in cast("dict[str, Any]", found).items():
            setting = self._table.get(key)
            if setting is None:
                self._strangers[key] = value
                continue
            try:
                self._values[key] = _territory(key, setting.checked(value))
            except SettingsError as problem:
                self.notice = f"{problem.message} The default is used."


def _territory(key: str, value: Value) -> Value:
    if key != "rights.territory" or value is None:
        return value
    code = str(value).upper()
    if len(code) != 2 or not code.isascii() or not code.isalpha():
        raise SettingsError(
            "That is no country.", remedy="Type its two letters, such as SE or US.", details={"key": key}
        )
    return code
