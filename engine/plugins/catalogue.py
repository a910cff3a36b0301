"""What the scans have found, kept in one file: plug-ins by path and time of change, and the block list."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable
from pathlib import Path

import msgspec

from engine.io.atomic import replacing
from engine.plugins.model import PluginError, PluginInfo
from engine.plugins.scan import Finding, find_files, scan_files, stamp, standard_folders
from engine.types import Cancelled, Progress

FORMAT = 1
BLOCKING = frozenset({"plugin-crashed", "plugin-slow"})
"""Findings that put a file on the block list until it changes."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the catalogue."""

    finding: Finding
    changed_ns: int
    """When the file was last changed, as the scan saw it."""
    blocked: str = ""
    """Why it must not be loaded, "" if it may."""
    by_person: bool = False
    """True for one that a person has blocked: a new version does not lift it."""


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    format: int = FORMAT
    folders: tuple[str, ...] = ()
    entries: dict[str, Entry] = {}


class Catalogue:
    """The plug-ins of this computer.

    Args:
        path: the file; one that cannot be read counts as empty, since a scan makes it anew.
    """

    def __init__(self, path: Path):
        self._path = path
        self._lock = threading.Lock()
        self._kept = _Kept()
        with contextlib.suppress(OSError, msgspec.DecodeError, msgspec.ValidationError):
            kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
            if kept.format == FORMAT:
                self._kept = kept

    @property
    def folders(self) -> tuple[str, ...]:
        """The chosen folders, beside the standard ones."""
        return self._kept.folders

    def set_folders(self, folders: Iterable[str]) -> None:
        """Choose folders that are scanned beside the standard ones."""
        with self._lock:
            self._keep(folders=tuple(dict.fromkeys(folders)))

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All files that were looked into, in order of their names."""
        return tuple(sorted(self._kept.entries.values(), key=lambda e: Path(e.finding.path).name.lower()))

    @property
    def plugins(self) -> tuple[PluginInfo, ...]:
        """The effects that may be used, in order of their names."""
        usable = [p for e in self._kept.entries.values() if not e.blocked for p in e.finding.plugins]
        return tuple(sorted((p for p in usable if not p.instrument), key=lambda p: (p.name.lower(), p.path)))

    def find(self, name: str) -> PluginInfo:
        """The effect with this name, path or identifier.

        Raises:
            PluginError: plugin-missing; plugin-blocked.
        """
        wanted = name.casefold()
        for plugin in self.plugins:
            if wanted in (plugin.name.casefold(), plugin.path.casefold(), plugin.identifier.casefold()):
                return plugin
        self.check(name)
        raise PluginError(
            f"There is no plug-in “{name}” among those that were found.",
            remedy="See “contrafact plugins list”, or scan again.",
            code="plugin-missing",
        )

    def check(self, path: str) -> None:
        """Raise an error for a file that is blocked.

        Raises:
            PluginError: plugin-blocked.
        """
        entry = self._kept.entries.get(path)
        if entry is not None and entry.blocked:
            raise PluginError(
                f"The plug-in {Path(path).stem} is blocked: {entry.blocked}",
                remedy="Take it off the block list if you trust it.",
                code="plugin-blocked",
            )

    def scan(
        self,
        *,
        standard: bool = True,
        again: bool = False,
        limit_s: float = 30.0,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> tuple[Finding, ...]:
        """Look into what is new or has changed, forget what is gone, and return what was looked into now.

        Args:
            standard: whether the standard folders of the system are scanned too.
            again: True looks into files that have not changed as well; those on the block list stay out.

        Raises:
            PluginError: plugin-extra-missing.
            Cancelled: what was found until then is kept.
        """
        folders = [*map(Path, self._kept.folders), *(standard_folders() if standard else ())]
        there = {str(path): path for path in find_files(folders)}
        with self._lock:
            self._keep(entries={key: entry for key, entry in self._kept.entries.items() if key in there})
        found: list[Finding] = []

        def each(finding: Finding) -> None:
            found.append(finding)
            self._take(finding)

        stale = [path for key, path in there.items() if self._stale(key, path, again=again)]
        scan_files(stale, each=each, limit_s=limit_s, progress=progress, cancelled=cancelled)
        return tuple(found)

    def _stale(self, key: str, path: Path, *, again: bool) -> bool:
        entry = self._kept.entries.get(key)
        if entry is None:
            return True
        if entry.by_person:
            return False
        if entry.changed_ns != stamp(path):
            return True
        return again and not entry.blocked

    def _take(self, finding: Finding) -> None:
        blocked = finding.problem if finding.code in BLOCKING else ""
        entry = Entry(finding=finding, changed_ns=stamp(Path(finding.path)), blocked=blocked)
        with self._lock:
            self._keep(entries={**self._kept.entries, finding.path: entry})

    def block(self, path: str) -> None:
        """Never load this file.

        Raises:
            PluginError: plugin-missing, for a file that is not in the catalogue.
        """
        self._set_block(path, "You have blocked it.", by_person=True)

    def unblock(self, path: str) -> None:
        """Take a file off the block list; it is looked into at the next scan.

        Raises:
            PluginError: plugin-missing.
        """
        self._set_block(path, "", by_person=False)

    def _set_block(self, path: str, reason: str, *, by_person: bool) -> None:
        with self._lock:
            key = self._key(path)
            entry = self._kept.entries[key]
            # 0 is no file's time: the next scan looks into it.
            changed = entry.changed_ns if reason or entry.finding.plugins else 0
            entry = msgspec.structs.replace(entry, blocked=reason, by_person=by_person, changed_ns=changed)
            self._keep(entries={**self._kept.entries, key: entry})

    def _key(self, path: str) -> str:
        wanted = path.casefold()
        for key, entry in self._kept.entries.items():
            names = {key.casefold(), Path(key).stem.casefold(), *(p.name.casefold() for p in entry.finding.plugins)}
            if wanted in names:
                return key
        raise PluginError(
            f"There is no plug-in “{path}” among those that were found.",
            remedy="See “contrafact plugins list”, or scan first.",
            code="plugin-missing",
        )

    def _keep(self, *, folders: tuple[str, ...] | None = None, entries: dict[str, Entry] | None = None) -> None:
        self._kept = _Kept(
            folders=self._kept.folders if folders is None else folders,
            entries=self._kept.entries if entries is None else entries,
        )
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self._path) as part:
            part.write_bytes(msgspec.json.encode(self._kept))
