"""Real VST3 binaries: Damien Zammit's plug-ins, which Debian has as ``zam-plugins``."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.plan import InsertPlan, PluginPlan
from engine.plugins import Finding, PluginError, PluginProcessor, PluginSpec, Rack, vst3
from engine.plugins.scan import scan_file, standard_folders
from engine.types import Audio

RATE = 48_000


def binary(name: str) -> str:
    """The path of a plug-in; the test is skipped where it is not installed."""
    if not vst3.installed():
        pytest.skip("the extra contrafact[vst3] is not installed")
    for folder in standard_folders():
        if (folder / name).exists():
            return str(folder / name)
    pytest.skip(f"{name} is not installed (Debian: apt-get install zam-plugins)")


def loaded(path: str, **values: float) -> PluginProcessor:
    processor = PluginProcessor(PluginSpec(path=path, rate=RATE, values=values), deadline_s=5.0, hang_s=20.0)
    processor.wait_ready()
    return processor


def run(processor: PluginProcessor, sound: Audio, block: int) -> Audio:
    out = sound.copy()
    for start in range(0, sound.shape[1], block):
        processor.process(out[:, start : start + block])
    return out


def test_a_scan_lists_name_latency_and_parameters() -> None:
    found: Finding = scan_file(Path(binary("ZaMaximX2.vst3")))
    assert found.problem == ""
    (info,) = found.plugins
    assert (info.name, info.vendor, info.channels, info.instrument) == ("ZaMaximX2", "Damien Zammit", 2, False)
    assert info.latency_frames > 0
    release = next(p for p in info.parameters if p.id == "release")
    assert (release.minimum, release.maximum, release.unit) == ("1.000000", "100.000000", "ms")
    assert release.text == "25.000000"
    assert release.steps == 0


@pytest.mark.parametrize("block", [64, 480, 1000])
def test_an_impulse_through_a_latent_limiter_is_late_by_what_it_says(block: int) -> None:
    processor = loaded(binary("ZaMaximX2.vst3"))
    try:
        assert processor.latency_frames > 0
        for _ in range(2):
            sound = np.zeros((2, 4000), dtype=np.float32)
            sound[:, 700] = 0.5
            out = run(processor, sound, block)
            assert int(np.argmax(np.abs(out[0]))) == 700 + processor.latency_frames
            np.testing.assert_allclose(np.abs(out).max(), 0.5, atol=1e-3)
            processor.reset()
        assert processor.badge == ""
    finally:
        processor.close()


def test_a_mono_plugin_runs_on_both_channels_apart() -> None:
    processor = loaded(binary("ZamDelay.vst3"))
    try:
        assert {p.id for p in processor.parameters()} >= {"feedback", "time", "dry_wet"}
        processor.set_parameters({"dry_wet": 0.0})
        run(processor, np.zeros((2, 9600), dtype=np.float32), 480)
        sound = np.stack((np.full(4800, 0.25), np.full(4800, -0.5))).astype(np.float32)
        out = run(processor, sound, 480)
        assert processor.badge == ""
        # What comes out of one channel is the same effect as out of the other, twice as loud and upside down.
        np.testing.assert_allclose(out[1], -2.0 * out[0], atol=1e-4)
        assert np.abs(out[0]).max() > 0.1
    finally:
        processor.close()


def test_a_plugin_that_cannot_be_reset_falls_silent_and_keeps_its_values() -> None:
    # pedalboard would make it anew, and everything held of it until then would dangle.
    processor = loaded(binary("ZamTube.vst3"))
    try:
        processor.set_parameters({"bass": 0.9})
        run(processor, np.full((2, 4800), 0.5, dtype=np.float32), 480)
        processor.reset()
        out = run(processor, np.zeros((2, 4800), dtype=np.float32), 480)
        assert float(np.abs(out).max()) < 1e-3
        assert processor.badge == ""
        assert processor.save().values["bass"] == pytest.approx(0.9, abs=1e-3)
        assert processor.parameters()
    finally:
        processor.close()


def test_parameters_act_and_the_state_brings_them_back() -> None:
    path = binary("ZaMaximX2.vst3")
    tone = np.tile(np.sin(2 * np.pi * 440.0 * np.arange(RATE) / RATE).astype(np.float32), (2, 1))
    processor = loaded(path)
    try:
        loud = run(processor, tone, 512)
        processor.set_parameters({"output_ceiling": 0.4})
        run(processor, tone, 512)
        quiet = run(processor, tone, 512)
        # 0..1 is -30..0 dB.
        change = 20.0 * np.log10(np.abs(quiet).max() / np.abs(loud).max())
        assert change == pytest.approx(-18.0, abs=1.0)
        saved = processor.save()
        assert saved.values["output_ceiling"] == pytest.approx(0.4, abs=1e-3)
    finally:
        processor.close()
    again = PluginProcessor(PluginSpec(path=path, rate=RATE, state=saved.state), deadline_s=5.0, hang_s=20.0)
    try:
        again.wait_ready()
        ceiling = next(p for p in again.parameters() if p.id == "output_ceiling")
        assert ceiling.value == pytest.approx(0.4, abs=1e-3)
        assert ceiling.text.startswith("-18")
        again.load_state(b"", {})
        end = time.monotonic() + 10.0
        while next(p for p in again.parameters() if p.id == "output_ceiling").value != pytest.approx(1.0):
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        again.close()


@pytest.mark.skipif(os.name != "posix", reason="needs the signals of POSIX")
def test_a_killed_vst3_goes_dry_and_is_revived_as_it_was() -> None:
    plugin = PluginPlan(path=binary("ZaMaximX2.vst3"), name="ZaMaximX2")
    insert = InsertPlan(id="limiter", kind="vst3", parameters={"output_ceiling": 0.4}, plugin=plugin)
    rack = Rack(live=False)
    try:
        lease = rack(insert, RATE)
        tone = np.tile(np.sin(2 * np.pi * 440.0 * np.arange(RATE) / RATE).astype(np.float32) * 0.5, (2, 1))

        def peak() -> float:
            out = tone.copy()
            for start in range(0, RATE, 512):
                lease.process(out[:, start : start + 512])
            return float(np.abs(out[:, RATE // 2 :]).max())

        limited = peak()
        assert limited < 0.2
        os.kill(rack.pids()["limiter"], signal.SIGKILL)
        time.sleep(0.1)
        assert peak() == pytest.approx(0.5, abs=1e-3)
        assert rack.badges() == {"limiter": "Stopped"}
        rack.revive("limiter")
        end = time.monotonic() + 30.0
        while rack.badges():
            assert time.monotonic() < end
            time.sleep(0.05)
        assert peak() == pytest.approx(limited, abs=0.01)
    finally:
        rack.close()


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A screen of its own; the test is skipped where there is no Xvfb."""
    server = shutil.which("Xvfb")
    if server is None:
        pytest.skip("Xvfb is not installed")
    ours, theirs = os.pipe()
    command = [server, "-displayfd", str(theirs), "-screen", "0", "800x600x24", "+extension", "GLX"]
    process = subprocess.Popen(command, pass_fds=[theirs], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    os.close(theirs)
    try:
        with os.fdopen(ours) as answer:
            number = answer.readline().strip()
        if not number:
            pytest.skip("Xvfb does not start here")
        monkeypatch.setenv("DISPLAY", f":{number}")
        yield f":{number}"
    finally:
        process.terminate()
        process.wait(10.0)


def test_the_plugins_own_window_opens_while_it_plays_and_closes(display: str) -> None:
    closed: list[str] = []
    spec = PluginSpec(path=binary("ZaMaximX2.vst3"), rate=RATE)
    processor = PluginProcessor(spec, deadline_s=5.0, hang_s=20.0, on_editor_closed=closed.append)
    try:
        processor.wait_ready()
        assert processor.open_editor()
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            run(processor, np.zeros((2, 480), dtype=np.float32), 480)
            time.sleep(0.01)
        assert closed == []
        processor.close_editor()
        end = time.monotonic() + 15.0
        while not closed:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert (closed, processor.badge, processor.notices()) == ([""], "", [])
    finally:
        processor.close()


def test_without_a_screen_the_window_is_a_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux may have no screen")
    monkeypatch.delenv("DISPLAY", raising=False)
    closed: list[str] = []
    processor = PluginProcessor(PluginSpec(path=binary("ZaMaximX2.vst3")), on_editor_closed=closed.append)
    try:
        processor.wait_ready()
        assert processor.open_editor()
        end = time.monotonic() + 15.0
        while not closed:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert any("cannot be shown" in sentence for sentence in processor.notices())
        assert processor.badge == ""
    finally:
        processor.close()


def test_a_file_that_is_no_plugin_is_a_named_error(tmp_path: Path) -> None:
    if not vst3.installed():
        pytest.skip("the extra contrafact[vst3] is not installed")
    path = tmp_path / "nothing.vst3"
    path.write_bytes(b"this is no plug-in")
    found = scan_file(path)
    assert found.code == "plugin-failed"
    processor = PluginProcessor(PluginSpec(path=str(path)))
    with pytest.raises(PluginError) as caught:
        processor.wait_ready()
    assert caught.value.code == "plugin-failed"


def test_a_reset_that_is_said_to_silence_a_plugin_is_not_believed() -> None:
    # pedalboard judges by a trial as it loads a plug-in, and says so of this one in one load of seven.
    script = """
import sys
import numpy as np
from engine.plugins import PluginSpec, vst3
path = sys.argv[1]
kind = vst3._plugin_class(path)
kind._reload_type = "ReloadType.ClearsAudioOnReset"
kind.reset = lambda plugin: None
adapter = vst3.Vst3Adapter(PluginSpec(path=path, rate=48_000, values={}))
loud = float(np.abs(adapter.process(np.full((2, 4800), 0.5, dtype=np.float32))).max())
adapter.reset()
print(loud, float(np.abs(adapter.process(np.zeros((2, 4800), dtype=np.float32))).max()))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, binary("ZamTube.vst3")], capture_output=True, text=True, timeout=60, check=False
    )
    loud, left = (float(value) for value in done.stdout.split())
    assert loud > 0.1
    assert left < 1e-3
