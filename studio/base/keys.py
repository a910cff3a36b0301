"""Secrets at rest: the operating system's keyring, or a file that only its owner can read, with a notice."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import threading
from typing import Any

import keyring
import keyring.errors

from studio.base import atomic
from studio.base.errors import StorageError
from studio.base.paths import APP, AppPaths

FILE_NOTICE = "This system offers no keyring, so your keys rest in a file that only your user account can read."

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class KeyStore:
    """Named secrets of this installation.

    The keyring is used where there is one; else files of mode 0600 under ``config/keys``, and `notice` says so.
    ``CONTRAFACT_KEYSTORE=file`` in the environment chooses the files on purpose, without a notice.
    """

    def __init__(self, paths: AppPaths) -> None:
        self._folder = paths.config / "keys"
        # Installations under a home of their own must not read each other's keys.
        suffix = "" if paths.home is None else ":" + hashlib.sha256(str(paths.home).encode()).hexdigest()[:12]
        self._service = APP + suffix
        self._lock = threading.Lock()
        self.notice: str | None = None
        self._ring: Any = None
        if os.environ.get("CONTRAFACT_KEYSTORE") != "file":
            self._ring = _usable_keyring()
            if self._ring is None:
                self.notice = FILE_NOTICE

    @property
    def in_keyring(self) -> bool:
        """Whether new secrets go to the operating system's keyring."""
        return self._ring is not None

    def get(self, name: str) -> bytes | None:
        """The secret with this name, or None.

        Raises:
            StorageError: `key-unreadable` if it is there and cannot be read.
        """
        self._check(name)
        with self._lock:
            if self._ring is not None:
                try:
                    text = self._ring.get_password(self._service, name)
                except keyring.errors.KeyringError:
                    self._fall_back()
                else:
                    if text is not None:
                        return _decode(text, name)
            path = self._folder / name
            try:
                return _decode(path.read_text("ascii"), name)
            except FileNotFoundError:
                return None
            except (OSError, UnicodeDecodeError) as problem:
                raise _unreadable(name) from problem

    def set(self, name: str, secret: bytes) -> None:
        """Keep a secret under this name, in place of an earlier one.

        Raises:
            StorageError: if the file cannot be written.
        """
        self._check(name)
        text = base64.b64encode(secret).decode("ascii")
        with self._lock:
            if self._ring is not None:
                try:
                    self._ring.set_password(self._service, name, text)
                except keyring.errors.KeyringError:
                    self._fall_back()
                else:
                    return
            try:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as problem:
                raise atomic.storage_error(problem, self._folder) from problem
            atomic.write_bytes(self._folder / name, text.encode("ascii"), mode=0o600)

    def delete(self, name: str) -> None:
        """Forget a secret, wherever it rests; nothing happens if there is none.

        Raises:
            StorageError: if the file cannot be removed.
        """
        self._check(name)
        with self._lock:
            if self._ring is not None:
                try:
                    self._ring.delete_password(self._service, name)
                except keyring.errors.PasswordDeleteError:
                    pass
                except keyring.errors.KeyringError:
                    self._fall_back()
            try:
                (self._folder / name).unlink(missing_ok=True)
            except OSError as problem:
                raise atomic.storage_error(problem, self._folder / name) from problem

    def _fall_back(self) -> None:
        self._ring = None
        self.notice = FILE_NOTICE

    @staticmethod
    def _check(name: str) -> None:
        # Names become file names: nothing but plain lower-case words.
        if not _NAME.fullmatch(name):
            raise KeyError(name)


def _usable_keyring() -> Any:
    ring = keyring.get_keyring()
    # `fail.Keyring` and `null.Keyring` have priorities of 0 and below; a real back end has 1 or more.
    return ring if ring.priority >= 1 else None


def _decode(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except binascii.Error as problem:
        raise _unreadable(name) from problem


def _unreadable(name: str) -> StorageError:
    return StorageError(
        f"The key “{name}” of this studio cannot be read.",
        remedy="Sign in again: the studio then makes a new key for this computer.",
        code="key-unreadable",
        details={"name": name},
    )
