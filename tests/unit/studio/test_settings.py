"""Settings: what the table allows, and what the file survives."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from studio.base.errors import StorageError
from studio.settings import TABLE, Settings, SettingsError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.json"


def test_every_line_of_the_table_is_whole() -> None:
    assert len({setting.key for setting in TABLE}) == len(TABLE)
    for setting in TABLE:
        assert setting.checked(setting.default) == setting.default, setting.key
        assert setting.title
        assert setting.help.endswith(".")
        assert setting.section
        assert (setting.kind == "choice") == bool(setting.choices), setting.key


def test_values_are_kept_and_only_those_that_differ(path: Path) -> None:
    settings = Settings(path)
    heard: list[tuple[str, object]] = []
    settings.changed.subscribe(lambda change: heard.append((change.key, change.value)))
    settings.set("appearance.theme", "light")
    settings.set("appearance.theme", "light")
    settings.set("export.loudness_lufs", None)
    settings.set("appearance.scale", 9)
    settings.set("rights.territory", " se ")
    assert heard == [
        ("appearance.theme", "light"),
        ("export.loudness_lufs", None),
        ("appearance.scale", 2.0),
        ("rights.territory", "SE"),
    ]
    again = Settings(path)
    assert again.all() == settings.all()
    assert (again.get("appearance.scale"), again.get("audio.block_frames")) == (2.0, 512)
    again.set("appearance.theme", "dark")
    assert "appearance.theme" not in json.loads(path.read_text())
    again.reset("rights.territory")
    assert again.get("rights.territory") is None
    again.reset()
    assert json.loads(path.read_text()) == {}
    assert again.all() == {setting.key: setting.default for setting in TABLE}


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("appearance.theme", "pink", "setting-invalid"),
        ("appearance.reduced_motion", 1, "setting-invalid"),
        ("appearance.scale", math.nan, "setting-invalid"),
        ("appearance.scale", "big", "setting-invalid"),
        ("appearance.scale", True, "setting-invalid"),
        ("audio.block_frames", 500, "setting-invalid"),
        ("audio.block_frames", None, "setting-invalid"),
        ("platform.url", "http://a\nb", "setting-invalid"),
        ("platform.url", 5, "setting-invalid"),
        ("rights.territory", "SWE", "setting-invalid"),
        ("no.such", 1, "setting-unknown"),
    ],
)
def test_what_a_setting_cannot_be_is_refused(path: Path, key: str, value: object, code: str) -> None:
    settings = Settings(path)
    with pytest.raises(SettingsError) as refused:
        settings.set(key, value)
    assert refused.value.code == code
    assert refused.value.remedy
    assert not path.exists()


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("appearance.reduced_motion", "on", True),
        ("appearance.reduced_motion", "No", False),
        ("appearance.scale", "1.5", 1.5),
        ("audio.block_frames", "128", 128),
        ("export.loudness_lufs", "none", None),
        ("export.loudness_lufs", "-9", -9.0),
        ("export.format", "MP3", "mp3"),
        ("rights.territory", "none", None),
        ("platform.url", "none", "none"),
    ],
)
def test_what_is_typed_is_understood(key: str, text: str, value: object) -> None:
    setting = next(setting for setting in TABLE if setting.key == key)
    assert setting.parsed(text) == value


@pytest.mark.parametrize(
    ("key", "text"), [("appearance.reduced_motion", "maybe"), ("export.bits", "20"), ("appearance.scale", "x")]
)
def test_what_is_mistyped_is_refused(key: str, text: str) -> None:
    with pytest.raises(SettingsError):
        next(setting for setting in TABLE if setting.key == key).parsed(text)


@pytest.mark.parametrize("text", ["", "{", "[1]", '"x"', "\x00\xff"])
def test_a_broken_file_is_put_aside(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_bytes(text.encode("latin-1"))
    settings = Settings(path)
    assert settings.notice
    assert settings.get("appearance.theme") == "dark"
    assert path.with_suffix(".unread.json").read_bytes() == text.encode("latin-1")
    settings.set("appearance.theme", "light")
    assert Settings(path).notice is None


def test_lines_of_other_versions_stay(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('{"future.thing": [1, 2], "appearance.theme": "pink", "appearance.scale": 1.25}')
    settings = Settings(path)
    assert settings.notice is not None
    assert "Theme" in settings.notice
    assert (settings.get("appearance.theme"), settings.get("appearance.scale")) == ("dark", 1.25)
    settings.set("export.bits", 16)
    assert json.loads(path.read_text()) == {"future.thing": [1, 2], "appearance.scale": 1.25, "export.bits": 16}


def test_a_value_that_cannot_be_written_is_not_taken(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    settings = Settings(blocked / "settings.json")
    with pytest.raises(StorageError):
        settings.set("export.bits", 16)
    assert settings.get("export.bits") == 24
