from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import shiboken6
from PySide6.QtCore import QObject

from studio.session import SessionEvents
from ui.bridge import Bridge


@pytest.fixture
def events() -> SessionEvents:
    return SessionEvents()


def _job(state: str, **more) -> SimpleNamespace:
    return SimpleNamespace(**{"id": "1", "state": state, "result": None, "error": None, **more})


def test_an_event_of_another_thread_arrives_in_the_windows(qtbot, events) -> None:
    bridge = Bridge(events)
    heard: list[tuple[str, int]] = []
    bridge.peaks_ready.connect(lambda source: heard.append((source, threading.get_ident())))
    with qtbot.waitSignal(bridge.peaks_ready, timeout=5000):
        thread = threading.Thread(target=lambda: events.peaks_ready.emit("drums"))
        thread.start()
        thread.join()
    assert heard == [("drums", threading.get_ident())]
    bridge.close()


def test_an_event_is_queued_not_called(qtbot, events) -> None:
    bridge = Bridge(events)
    heard: list[str] = []
    bridge.project_changed.connect(lambda: heard.append("changed"))
    events.project_changed.emit(None)
    assert heard == []
    qtbot.waitUntil(lambda: heard == ["changed"], timeout=5000)
    bridge.close()


def test_a_job_is_settled_once(qtbot, events) -> None:
    bridge = Bridge(events)
    results: list[object] = []
    job = _job("running")
    bridge.when_done(job, results.append)
    events.jobs_changed.emit(job)
    job.state, job.result = "done", 7
    events.jobs_changed.emit(job)
    events.jobs_changed.emit(job)
    qtbot.waitUntil(lambda: results == [7], timeout=5000)
    qtbot.wait(20)
    assert results == [7]
    bridge.close()


def test_a_job_that_was_over_before_it_was_awaited(qtbot, events) -> None:
    bridge = Bridge(events)
    results: list[object] = []
    bridge.when_done(_job("done", result="early"), results.append)
    qtbot.waitUntil(lambda: results == ["early"], timeout=5000)
    bridge.close()


def test_a_failure_goes_to_its_own_listener_and_a_cancel_to_none(qtbot, events) -> None:
    bridge = Bridge(events)
    done: list[object] = []
    failed: list[object] = []
    bridge.when_done(_job("failed", error="why"), done.append, failed.append)
    bridge.when_done(_job("cancelled", id="2"), done.append, failed.append)
    qtbot.waitUntil(lambda: failed == ["why"], timeout=5000)
    qtbot.wait(20)
    assert (done, failed) == ([], ["why"])
    bridge.close()


def test_what_a_panel_asked_for_that_is_gone_is_not_delivered(qtbot, events) -> None:
    bridge = Bridge(events)
    heard: list[str] = []
    gone, here = QObject(), QObject()
    for number, panel in enumerate((gone, here)):
        asked = lambda result, panel=panel: heard.append(result)  # noqa: E731
        bridge.when_done(_job("done", id=f"by default {number}", result="kept"), asked)
        bridge.when_done(_job("done", id=f"by closure {number}", result=f"panel {number}"), _asking(panel, heard))
    shiboken6.delete(gone)
    qtbot.waitUntil(lambda: len(heard) == 3, timeout=5000)
    qtbot.wait(20)
    assert heard == ["kept", "kept", "panel 1"]
    bridge.close()


def _asking(panel: QObject, heard: list[str]) -> Callable[[str], None]:
    """What a panel asks for with a function of its own."""
    return lambda result: heard.append(result + panel.objectName())


def test_a_closed_bridge_is_silent(qtbot, events) -> None:
    bridge = Bridge(events)
    heard: list[str] = []
    bridge.project_changed.connect(lambda: heard.append("changed"))
    bridge.close()
    events.project_changed.emit(None)
    qtbot.wait(20)
    assert heard == []
