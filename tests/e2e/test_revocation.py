"""A rightsholder ends a licence: new exports stop and say so, the project stays open."""

from __future__ import annotations

import subprocess
import sys

import pytest

from studio.base.errors import RightsError
from studio.base.ids import uuid7
from studio.flows import acquire, export
from studio.flows.media import Silent
from studio.platform import accounts, licensing
from studio.platform.seed import LABEL_EMAIL
from studio.platform.state import PlatformState, ServiceConfig
from studio.project import edits
from studio.project.model import Project
from studio.session import Session


@pytest.fixture
def session(tmp_path, monkeypatch):
    monkeypatch.setenv("CONTRAFACT_KEYSTORE", "file")
    made = Session.open(tmp_path / "home", headless=True)
    yield made
    made.close()


def _end(session, grant_id):
    """End a licence as its owner, on the data of the running service."""
    state = PlatformState(ServiceConfig(data_dir=session.paths.data / "platform"))
    try:
        licensing.revoke(state, accounts.find_account(state, LABEL_EMAIL), grant_id, "taken back")
    finally:
        state.close()


def test_a_revoked_licence_stops_new_exports_and_nothing_else(session, tmp_path):
    services = session.services
    session.sign_in_now()
    asset = acquire.fetch(services, acquire.search(services)[0].id)
    landing = acquire.place(services, asset)
    project = landing.apply(Project(id=uuid7(), title="Cut"))
    clip = edits.find_track(project, landing.result).clips[0]
    project = edits.trim_clip(project, clip.id, end_s=2.0)
    options = export.options_for(services, tmp_path / "one.flac")
    assert export.export(services, project, tmp_path / "one.flac", options, Silent()).state == "Trusted"

    _end(session, services.library.grant_for(asset.asset_sha256).grant.grant_id)
    with pytest.raises(RightsError) as caught:
        export.export(services, project, tmp_path / "two.flac", options, Silent())
    assert caught.value.code == "grant-revoked"
    assert caught.value.remedy
    assert not (tmp_path / "two.flac").exists()
    # What a person made stays open to them.
    session.commit("Demo", project)
    assert session.verdict().allowed
    assert services.media.pcm(project.sources[clip.source], project.rate).frames > 0


def test_a_command_loads_neither_qt_nor_the_compiled_kernels():
    code = "import sys, studio.cli.main; print(sorted({'numba','librosa','onnxruntime','PySide6'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
