"""A plug-in's process is killed, stopped, slowed, poisoned; the insert goes on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from engine.plugins.model import PluginError, PluginSpec
from engine.plugins.processor import Condition, PluginProcessor
from engine.types import Audio
from tests.unit.engine.plugins import lookahead_gain
from tests.unit.engine.plugins.lookahead_gain import LATENCY

LOADER = f"{lookahead_gain.__name__}:load"
posix = pytest.mark.skipif(os.name != "posix", reason="needs the signals of POSIX")
RATE = 48_000
BLOCK = 480


@pytest.fixture
def made() -> Iterator[Callable[..., PluginProcessor]]:
    """Makes loaded processors and ends them after the test."""
    all_of_them: list[PluginProcessor] = []

    def make(**options: float) -> PluginProcessor:
        values = options.pop("values", {})
        spec = PluginSpec(path="gain.vst3", name="Gain", rate=RATE, values=values, loader=LOADER)
        processor = PluginProcessor(spec, **options)
        all_of_them.append(processor)
        processor.wait_ready()
        return processor

    yield make
    for processor in all_of_them:
        processor.close()


def sine(frames: int, start: int = 0) -> Audio:
    wave = np.sin(2 * np.pi * 220.0 * np.arange(start, start + frames) / RATE).astype(np.float32) * np.float32(0.5)
    return np.stack((wave, -wave))


def play(processor: PluginProcessor, blocks: int, start: int = 0) -> Audio:
    out = []
    for i in range(blocks):
        block = sine(BLOCK, start + i * BLOCK)
        processor.process(block)
        out.append(block)
    return np.concatenate(out, axis=1)


def wait_for(what: Callable[[], bool], timeout_s: float = 20.0) -> None:
    end = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def late(signal_: Audio) -> Audio:
    return np.pad(signal_, ((0, 0), (LATENCY, 0)))[:, : signal_.shape[1]]


def largest_step(sound: Audio) -> float:
    return float(np.abs(np.diff(sound, axis=1)).max())


SINE_STEP = largest_step(sine(RATE)) * 1.05


def test_the_effect_is_heard_late_by_its_latency_and_no_more(made: Callable[..., PluginProcessor]) -> None:
    processor = made()
    assert processor.latency_frames == LATENCY
    assert processor.badge == ""
    play(processor, 2)
    out = play(processor, 4, 2 * BLOCK)
    np.testing.assert_allclose(out, late(sine(6 * BLOCK))[:, 2 * BLOCK :], atol=1e-6)


def test_the_effect_is_heard_from_the_first_sample(made: Callable[..., PluginProcessor]) -> None:
    processor = made(values={"gain": 1.0})
    np.testing.assert_allclose(play(processor, 2), 2.0 * late(sine(2 * BLOCK)), atol=1e-6)


@pytest.mark.parametrize("frames", [1, 2, 3, 7, 20_000])
def test_a_block_of_any_length_gives_the_same_samples(made: Callable[..., PluginProcessor], frames: int) -> None:
    processor = made()
    whole = sine(20_000)
    out = whole.copy()
    for start in range(0, 40 * frames if frames < 100 else 20_000, frames):
        processor.process(out[:, start : start + frames])
    end = min(40 * frames, 20_000)
    expected = late(whole)[:, :end]
    np.testing.assert_allclose(out[:, :end], expected, atol=1e-6)


def test_parameters_are_clamped_and_strange_ones_ignored(made: Callable[..., PluginProcessor]) -> None:
    processor = made()
    play(processor, 2)
    processor.set_parameters({"gain": 40.0, "unheard_of": 1.0, "error": float("nan")})
    out = play(processor, 2, 2 * BLOCK)
    np.testing.assert_allclose(out[:, LATENCY:], 2.0 * late(sine(4 * BLOCK))[:, 2 * BLOCK + LATENCY :], atol=1e-5)
    assert processor.save().values["gain"] == 1.0


def test_a_reset_silences_what_is_on_its_way(made: Callable[..., PluginProcessor]) -> None:
    processor = made()
    play(processor, 2)
    processor.reset()
    silence = np.zeros((2, BLOCK), dtype=np.float32)
    processor.process(silence)
    assert not silence.any()


@posix
def test_a_killed_plugin_goes_dry_without_a_click_and_is_revived_with_its_state(
    made: Callable[..., PluginProcessor],
) -> None:
    processor = made(values={"gain": 0.5})
    processor.set_parameters({"gain": 0.25})
    before = play(processor, 4)
    processor.save()
    assert processor.pid is not None
    os.kill(processor.pid, signal.SIGKILL)
    time.sleep(0.1)
    after = play(processor, 4, 4 * BLOCK)
    assert processor.badge == "Stopped"
    assert any("crashed" in sentence for sentence in processor.notices())
    assert processor.notices() == []
    expected = late(sine(8 * BLOCK))
    # The dry signal, as late as the effect was.
    np.testing.assert_allclose(after[:, BLOCK:], expected[:, 5 * BLOCK :], atol=1e-6)
    assert largest_step(np.concatenate((before[:, -1:], after), axis=1)) < 2 * SINE_STEP

    processor.revive()
    wait_for(lambda: processor.condition is Condition.WELL)
    back = play(processor, 6, 8 * BLOCK)
    assert largest_step(np.concatenate((after[:, -1:], back), axis=1)) < 2 * SINE_STEP
    np.testing.assert_allclose(back[:, 4 * BLOCK :], 0.5 * late(sine(14 * BLOCK))[:, 12 * BLOCK :], atol=1e-6)


def test_a_plugin_that_crashes_by_itself_is_dry(made: Callable[..., PluginProcessor]) -> None:
    processor = made()
    play(processor, 2)
    processor.set_parameters({"crash": 1.0})
    out = play(processor, 4, 2 * BLOCK)
    assert processor.condition is Condition.STOPPED
    np.testing.assert_allclose(out[:, BLOCK:], late(sine(6 * BLOCK))[:, 3 * BLOCK :], atol=1e-6)


@posix
def test_a_hung_plugin_is_dry_at_once_and_ended_later(made: Callable[..., PluginProcessor]) -> None:
    processor = made(deadline_s=0.05, hang_s=0.4)
    play(processor, 2)
    assert processor.pid is not None
    os.kill(processor.pid, signal.SIGSTOP)
    time.sleep(0.1)
    out = play(processor, 3, 2 * BLOCK)
    assert processor.badge == "Late"
    np.testing.assert_allclose(out[:, BLOCK:], late(sine(5 * BLOCK))[:, 3 * BLOCK :], atol=1e-6)
    time.sleep(0.5)
    play(processor, 1, 5 * BLOCK)
    assert processor.badge == "Stopped"
    assert any("does not answer" in sentence for sentence in processor.notices())
    processor.revive()
    wait_for(lambda: processor.condition is Condition.WELL)


def test_a_late_plugin_comes_back_by_itself(made: Callable[..., PluginProcessor]) -> None:
    processor = made(deadline_s=0.05, values={"gain": 0.25})
    before = play(processor, 2)
    processor.set_parameters({"pause": 1.0})
    out = play(processor, 3, 2 * BLOCK)
    assert processor.badge == "Late"
    time.sleep(0.5)
    back = play(processor, 6, 5 * BLOCK)
    assert processor.badge == ""
    assert largest_step(np.concatenate((before[:, -1:], out, back), axis=1)) < 2 * SINE_STEP
    np.testing.assert_allclose(back[:, 3 * BLOCK :], 0.5 * late(sine(11 * BLOCK))[:, 8 * BLOCK :], atol=1e-6)


def test_values_that_are_no_numbers_are_muted_and_named(made: Callable[..., PluginProcessor]) -> None:
    processor = made()
    play(processor, 2)
    processor.set_parameters({"not_a_number": 1.0})
    out = play(processor, 4, 2 * BLOCK)
    assert np.isfinite(out).all()
    assert not out[:, -BLOCK:].any()
    assert processor.badge == "Muted"
    assert any("Gain" in sentence and "muted" in sentence for sentence in processor.notices())
    processor.set_parameters({"not_a_number": 0.0})
    back = play(processor, 30, 6 * BLOCK)
    assert processor.badge == ""
    np.testing.assert_allclose(back[:, -BLOCK:], late(sine(36 * BLOCK))[:, -BLOCK:], atol=1e-6)


def test_an_error_of_the_plugin_is_dry(made: Callable[..., PluginProcessor]) -> None:
    processor = made()
    play(processor, 2)
    processor.set_parameters({"error": 1.0})
    out = play(processor, 3, 2 * BLOCK)
    assert processor.badge
    np.testing.assert_allclose(out[:, BLOCK:], late(sine(5 * BLOCK))[:, 3 * BLOCK :], atol=1e-6)


def test_what_is_turned_in_the_window_is_read_back(made: Callable[..., PluginProcessor]) -> None:
    closed: list[str] = []
    processor = made(on_editor_closed=closed.append)
    assert processor.open_editor()
    play(processor, 2)
    processor.close_editor()
    wait_for(lambda: bool(closed))
    assert closed == [""]
    assert processor.snapshot.values["gain"] == 0.75
    assert processor.snapshot.state == b'{"gain": 0.75}'


def test_a_file_that_cannot_be_loaded_is_a_named_error(tmp_path: object) -> None:
    spec = PluginSpec(path="gone.vst3", loader="engine.plugins.vst3:load")
    processor = PluginProcessor(spec)
    with pytest.raises(PluginError) as caught:
        processor.wait_ready()
    assert caught.value.code in ("plugin-missing", "plugin-extra-missing")
    assert caught.value.remedy
    block = sine(BLOCK)
    processor.process(block)
    np.testing.assert_array_equal(block, sine(BLOCK))


def test_the_plugins_process_ends_with_the_one_that_started_it(made: Callable[..., PluginProcessor]) -> None:
    processor = made()
    pid = processor.pid
    processor.close()
    processor.close()
    assert pid is not None
    if os.name == "posix":
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
