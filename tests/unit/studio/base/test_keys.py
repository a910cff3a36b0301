from __future__ import annotations

import os
import stat
from pathlib import Path

import keyring
import keyring.errors
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring

from studio.base.errors import StorageError
from studio.base.keys import FILE_NOTICE, KeyStore
from studio.base.paths import AppPaths


class Ring(KeyringBackend):
    """A keyring in memory, which may be locked."""

    priority = 5  # type: ignore[assignment]

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._check()
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check()
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._check()
        if self.held.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError(username)

    def _check(self) -> None:
        if self.locked:
            raise keyring.errors.KeyringLocked


@pytest.fixture
def paths(tmp_path: Path) -> AppPaths:
    return AppPaths.open(tmp_path / "home")


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Ring:
    made = Ring()
    monkeypatch.delenv("CONTRAFACT_KEYSTORE", raising=False)
    monkeypatch.setattr(keyring, "get_keyring", lambda: made)
    return made


def test_files_on_purpose_need_no_notice(paths: AppPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRAFACT_KEYSTORE", "file")
    keys = KeyStore(paths)
    assert keys.notice is None
    assert not keys.in_keyring
    assert keys.get("device-key") is None
    keys.set("device-key", b"\x00secret")
    assert KeyStore(paths).get("device-key") == b"\x00secret"
    if os.name == "posix":
        folder = paths.config / "keys"
        assert stat.S_IMODE((folder / "device-key").stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    keys.delete("device-key")
    keys.delete("device-key")
    assert keys.get("device-key") is None


def test_without_a_keyring_files_are_used_and_it_is_said(paths: AppPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONTRAFACT_KEYSTORE", raising=False)
    monkeypatch.setattr(keyring, "get_keyring", NoKeyring)
    keys = KeyStore(paths)
    assert keys.notice == FILE_NOTICE
    keys.set("a", b"1")
    assert keys.get("a") == b"1"


def test_a_keyring_is_used_and_no_file_is_written(paths: AppPaths, ring: Ring, tmp_path: Path) -> None:
    keys = KeyStore(paths)
    assert keys.in_keyring
    assert keys.notice is None
    keys.set("a", b"1")
    assert keys.get("a") == b"1"
    assert not (paths.config / "keys").exists()
    other = KeyStore(AppPaths.open(tmp_path / "other"))
    assert other.get("a") is None
    keys.delete("a")
    keys.delete("a")
    assert keys.get("a") is None


@pytest.mark.parametrize("action", ["get", "set", "delete"])
def test_a_locked_keyring_falls_back_with_a_notice(paths: AppPaths, ring: Ring, action: str) -> None:
    keys = KeyStore(paths)
    ring.locked = True
    if action == "get":
        assert keys.get("a") is None
    elif action == "set":
        keys.set("a", b"1")
        assert keys.get("a") == b"1"
    else:
        keys.delete("a")
    assert keys.notice == FILE_NOTICE
    assert not keys.in_keyring


def test_a_damaged_key_is_named(paths: AppPaths, ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = KeyStore(paths)
    keys.set("a", b"1")
    for held in ring.held:
        ring.held[held] = "not base64!"
    with pytest.raises(StorageError) as caught:
        keys.get("a")
    assert caught.value.code == "key-unreadable"
    monkeypatch.setenv("CONTRAFACT_KEYSTORE", "file")
    files = KeyStore(paths)
    files.set("a", b"1")
    (paths.config / "keys" / "a").write_bytes(b"\xff\xfe")
    with pytest.raises(StorageError) as caught:
        files.get("a")
    assert caught.value.code == "key-unreadable"


@pytest.mark.parametrize("name", ["", "../a", "A", "a/b", ".hidden", "x" * 65])
def test_only_plain_names(paths: AppPaths, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRAFACT_KEYSTORE", "file")
    for act in (KeyStore(paths).get, KeyStore(paths).delete, lambda each: KeyStore(paths).set(each, b"")):
        with pytest.raises(KeyError):
            act(name)


def test_a_folder_in_the_way_is_named(paths: AppPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRAFACT_KEYSTORE", "file")
    keys = KeyStore(paths)
    (paths.config / "keys").write_text("in the way")
    with pytest.raises(StorageError):
        keys.set("a", b"1")
    (paths.config / "keys").unlink()
    (paths.config / "keys" / "a").mkdir(parents=True)
    with pytest.raises(StorageError):
        keys.delete("a")
