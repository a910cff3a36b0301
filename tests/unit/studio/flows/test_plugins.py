"""Plug-ins of a project that are not on this computer, or are elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.plugins import Catalogue, Entry, Finding, PluginInfo
from studio.flows.plugins import absent, insert_of, moved, plugins_of
from studio.project.model import Project, Strip, Track


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    found = Catalogue(tmp_path / "plugins.json")
    (tmp_path / "here.vst3").write_text("")
    (tmp_path / "bad.vst3").write_text("")

    def entry(name: str, blocked: str = "") -> Entry:
        path = str(tmp_path / f"{name}.vst3")
        plugins = (PluginInfo(path=path, name=name.title(), vendor="Maker", version="2"),)
        return Entry(finding=Finding(path=path, plugins=plugins), changed_ns=0, blocked=blocked)

    entries = [entry("here"), entry("bad", "It crashed.")]
    found._keep(entries={each.finding.path: each for each in entries})
    return found


def project_with(*plugins: PluginInfo) -> Project:
    inserts = tuple(insert_of(plugin) for plugin in plugins)
    return Project(id="p", tracks=(Track(id="t", name="Voice", strip=Strip(inserts=inserts)),))


def test_an_insert_names_its_plugin(tmp_path: Path, catalogue: Catalogue) -> None:
    project = project_with(*catalogue.plugins)
    ((track, insert, plugin),) = plugins_of(project)
    assert (track, insert.kind, plugin.name, plugin.vendor, plugin.state) == ("t", "vst3", "Here", "Maker", b"")
    assert absent(project, catalogue) == {}
    assert moved(project, catalogue) == {}


def test_plugins_of_buses_and_the_master_are_found() -> None:
    plug = PluginInfo(path="/nowhere/a.vst3", name="A", vendor="")
    strips = [Strip(inserts=(insert_of(plug),)) for _ in range(3)]
    tracks = (Track(id="t", name="T", strip=strips[0]), Track(id="b", name="B", kind="bus", strip=strips[1]))
    project = Project(id="p", tracks=tracks)
    project = replace(project, master=replace(project.master, strip=strips[2]))
    assert [(name, insert) for name, insert, _ in plugins_of(project)] == [
        (name, strip.inserts[0]) for name, strip in zip(("t", "b", "master"), strips, strict=True)
    ]


def test_missing_blocked_and_moved_plugins_are_told(tmp_path: Path, catalogue: Catalogue) -> None:
    gone = PluginInfo(path="/nowhere/gone.vst3", name="Gone", vendor="Somebody")
    elsewhere = PluginInfo(path="/nowhere/here.vst3", name="Here", vendor="Maker")
    blocked = PluginInfo(path=str(tmp_path / "bad.vst3"), name="Bad", vendor="Maker")
    project = project_with(gone, elsewhere, blocked)
    first, second, third = (insert for _, insert, _ in plugins_of(project))
    told = absent(project, catalogue)
    assert "Gone by Somebody is not installed" in told[first.id]
    assert "blocked" in told[third.id]
    assert set(told) == {first.id, second.id, third.id}

    kept = replace(second, plugin=replace(second.plugin, state=b"as it was"))
    project = replace(project, tracks=(replace(project.tracks[0], strip=Strip(inserts=(first, kept, third))),))
    found = moved(project, catalogue)
    assert set(found) == {second.id}
    assert (found[second.id].path, found[second.id].state) == (str(tmp_path / "here.vst3"), b"as it was")
