"""The plug-ins of this computer: find them, put one on a track, say which of a project are not here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from studio.base.ids import uuid7
from studio.base.paths import AppPaths
from studio.project.model import Insert, PluginRef, Project
from studio.project.parameters import MASTER

if TYPE_CHECKING:
    from engine.plugins import Catalogue, PluginInfo

KIND = "vst3"


def catalogue_file(paths: AppPaths) -> Path:
    """Where the findings of the scans and the block list are kept; the engine heeds the block list too."""
    return paths.data / "plugins.json"


def open_catalogue(paths: AppPaths) -> Catalogue:
    """The plug-ins that were found on this computer, and the block list."""
    # The package loads numpy, which a window that shows no plug-ins need not wait for.
    from engine.plugins import Catalogue

    return Catalogue(catalogue_file(paths))


def insert_of(plugin: PluginInfo) -> Insert:
    """An insert that runs this plug-in with its defaults."""
    return Insert(
        id=uuid7(),
        kind=KIND,
        plugin=PluginRef(path=plugin.path, name=plugin.name, vendor=plugin.vendor, version=plugin.version),
    )


def plugins_of(project: Project) -> Iterable[tuple[str, Insert, PluginRef]]:
    """The plug-ins of a project, each with the id of its track or bus, or that of the master."""
    strips = [(track.id, track.strip) for track in project.tracks]
    for name, strip in (*strips, (MASTER, project.master.strip)):
        for insert in strip.inserts:
            if insert.plugin is not None:
                yield name, insert, insert.plugin


def absent(project: Project, catalogue: Catalogue) -> dict[str, str]:
    """Why plug-ins of a project cannot run here: sentences by insert id."""
    from engine.plugins import PluginError

    found: dict[str, str] = {}
    for _, insert, plugin in plugins_of(project):
        name = plugin.name or Path(plugin.path).stem
        try:
            catalogue.check(plugin.path)
        except PluginError as error:
            found[insert.id] = f"{error.message} {error.remedy}"
            continue
        if not Path(plugin.path).exists():
            maker = f" by {plugin.vendor}" if plugin.vendor else ""
            found[insert.id] = f"The plug-in {name}{maker} is not installed here, so the project plays without it."
    return found


def moved(project: Project, catalogue: Catalogue) -> dict[str, PluginRef]:
    """Plug-ins of a project that are not where they were but are found elsewhere on this computer, by insert id: a
    project comes from another computer, or a plug-in was installed anew."""
    found: dict[str, PluginRef] = {}
    for _, insert, plugin in plugins_of(project):
        if Path(plugin.path).exists():
            continue
        for each in catalogue.plugins:
            if (each.name, each.vendor) == (plugin.name, plugin.vendor):
                found[insert.id] = PluginRef(
                    path=each.path, name=each.name, vendor=each.vendor, version=each.version, state=plugin.state
                )
                break
    return found
