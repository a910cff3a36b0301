"""The device callback against a renderer whose every sample is known."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
from numba import carray, cfunc, types

from engine.playback import deck as words
from engine.playback import native
from engine.playback.callback import CALLBACK, OUTPUT_UNDERFLOW, run
from engine.playback.deck import Deck

RATE = 48_000
RAMP = 240


@cfunc(types.int64(*(types.int64,) * 5))
def RENDER(session: Any, left: Any, right: Any, stride: Any, frames: Any) -> int:
    """A sine of `state[1]` radians a frame on the left, and a steady half on the right."""
    state = carray(native.doubles(session), (2,))
    a = carray(native.samples(left), (frames * stride,))
    b = carray(native.samples(right), (frames * stride,))
    for i in range(frames):
        a[i * stride] = np.float32(np.sin(state[0] * state[1]))
        b[i * stride] = np.float32(0.5)
        state[0] += 1.0
    return 0


class Bench:
    """A deck with the renderer above, pulled by hand."""

    def __init__(
        self, *, rate: int = RATE, plan_rate: int = RATE, channels: int = 2, inputs: int = 0, step: float = 0.05
    ):
        self.state = np.array([0.0, step])
        self.deck = Deck()
        self.deck.open(rate=rate, channels=channels, inputs=inputs)
        self.deck.set_plan_rate(plan_rate)
        self.deck.connect(RENDER.address, self.state.ctypes.data)
        self.deck.put(words.OPEN, 1)
        self.channels, self.inputs = channels, inputs

    def take(self, frames: int, *, flags: int = 0, source: np.ndarray | None = None) -> np.ndarray:
        out = np.full(frames * self.channels, np.nan, dtype=np.float32)
        given = source if source is not None else np.zeros(max(frames * self.inputs, 1), dtype=np.float32)
        run(self.deck.memory, out, given, frames, flags)
        return out.reshape(frames, self.channels).T


def test_what_is_rendered_goes_out_after_a_ramp() -> None:
    bench = Bench()
    heard = np.concatenate([bench.take(count) for count in (1, 63, 128, 1000, 1024, 3000)], axis=1)
    wanted = np.sin(0.05 * np.arange(heard.shape[1])).astype(np.float32)
    ramp = np.minimum(np.arange(1, heard.shape[1] + 1) / RAMP, 1.0)
    assert np.allclose(heard[0], wanted * ramp, atol=1e-6)
    assert np.array_equal(heard[0, RAMP:], wanted[RAMP:])
    assert np.allclose(heard[1], 0.5 * ramp, atol=1e-6)
    assert bench.deck.word(words.CLOCK) == heard.shape[1] == bench.deck.word(words.RENDERED)
    kept, after = bench.deck.heard(100)
    assert after == heard.shape[1]
    assert np.array_equal(kept, heard[:, 100:])


def test_shutting_ramps_down_and_disconnecting_lets_go() -> None:
    bench = Bench()
    bench.take(1000)
    bench.deck.put(words.OPEN, 0)
    tail = bench.take(1000)
    assert np.abs(tail[:, RAMP:]).max() == 0.0
    assert np.abs(np.diff(tail[1])).max() < 0.5 / RAMP * 1.01
    bench.deck.put(words.RENDER, 0)
    before = bench.state[0]
    assert not bench.take(500).any()
    assert bench.state[0] == before


@pytest.mark.parametrize(
    ("plan_rate", "rate"), [(48_000, 44_100), (44_100, 48_000), (96_000, 48_000), (48_000, 96_000)]
)
def test_another_rate_is_converted(plan_rate: int, rate: int) -> None:
    step = 2 * np.pi * 1_000 / plan_rate
    bench = Bench(rate=rate, plan_rate=plan_rate, step=step)
    heard = np.concatenate([bench.take(count) for count in [128, 1, 77, 1024, 333] * 20], axis=1)
    left = heard[0, 4_000:].astype(np.float64)
    at = 2 * np.pi * 1_000 / rate * np.arange(left.size)
    basis = np.stack([np.sin(at), np.cos(at)], axis=1)
    fit, *_ = np.linalg.lstsq(basis, left, rcond=None)
    assert np.hypot(*fit) == pytest.approx(1.0, abs=1e-4)
    assert np.abs(left - basis @ fit).max() < 10 ** (-100 / 20)
    assert heard[1, -1] == pytest.approx(0.5, abs=1e-6)
    # As many frames of the plan as it says, and where they sound is known to a frame.
    assert bench.deck.word(words.RENDERED) == heard.shape[1] * plan_rate // rate
    phase = np.arctan2(fit[1], fit[0]) % (2 * np.pi)
    said = (4_000 / rate - bench.deck.converter_delay_s) * 1_000 * 2 * np.pi % (2 * np.pi)
    assert np.sin(phase - said) == pytest.approx(0.0, abs=2 * np.pi * 1_000 / plan_rate)


@pytest.mark.parametrize("tone_hz", [23_000.0, 30_000.0])
def test_what_a_slow_device_cannot_carry_is_filtered_out(tone_hz: float) -> None:
    bench = Bench(rate=44_100, plan_rate=96_000, step=2 * np.pi * tone_hz / 96_000)
    heard = np.concatenate([bench.take(512) for _ in range(40)], axis=1)
    assert np.abs(heard[0, 4_000:]).max() < 10 ** (-90 / 20)


@pytest.mark.parametrize("channels", [1, 4])
def test_other_devices_get_their_channels(channels: int) -> None:
    bench = Bench(channels=channels)
    heard = bench.take(2_000)[:, RAMP:]
    wanted = np.sin(0.05 * np.arange(RAMP, 2_000)).astype(np.float32)
    if channels == 1:
        assert np.allclose(heard[0], 0.5 * (wanted + 0.5), atol=1e-6)
    else:
        assert np.array_equal(heard[0], wanted)
        assert not heard[2:].any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_never_reaches_the_device(bad: float) -> None:
    bench = Bench()
    bench.take(1000)
    bench.state[1] = bad
    heard = bench.take(1000)
    assert np.isfinite(heard).all()
    assert np.abs(heard[0, -300:]).max() < 0.05


def test_the_input_is_kept_in_step_with_the_output(rng: np.random.Generator) -> None:
    bench = Bench(inputs=1)
    given = rng.uniform(-0.5, 0.5, 5_000).astype(np.float32)
    for start in range(0, 5_000, 500):
        bench.take(500, source=given[start : start + 500].copy())
    kept, after = bench.deck.recorded(1_000)
    assert after == 5_000
    assert np.array_equal(kept[0], given[1_000:])
    assert np.array_equal(kept[1], kept[0])
    assert 0.3 < bench.deck.number(words.PEAK_LEFT) == bench.deck.number(words.PEAK_RIGHT) <= 0.5


def test_a_test_signal_is_added_once() -> None:
    bench = Bench(step=0.0)
    bench.take(1_000)
    serial = bench.deck.play_probe(np.full(300, 0.25, dtype=np.float32))
    assert not bench.deck.probe_over(serial)
    heard = np.concatenate([bench.take(128) for _ in range(4)], axis=1)
    assert bench.deck.probe_over(serial)
    assert bench.deck.word(words.PROBE_CLOCK) == 1_000
    assert np.allclose(heard[0, :300], 0.25)
    assert not heard[0, 300:].any()


def test_a_gap_of_the_driver_is_counted_as_the_drivers() -> None:
    bench = Bench()
    bench.take(128)
    bench.take(128, flags=OUTPUT_UNDERFLOW)
    bench.take(128)
    assert (bench.deck.word(words.XRUNS_OWN), bench.deck.word(words.XRUNS_DRIVER)) == (0, 1)


@cfunc(types.int64(*(types.int64,) * 5))
def SLOW(session: Any, left: Any, right: Any, stride: Any, frames: Any) -> int:
    """Computes for longer than any block lasts."""
    total = 0.0
    for i in range(session):
        total += np.sin(float(i))
    carray(native.samples(left), (1,))[0] = np.float32(total)
    return 0


def test_a_block_that_computes_too_long_is_counted_as_our_own_once() -> None:
    bench = Bench()
    bench.take(64)
    bench.deck.connect(SLOW.address, 3_000_000)
    bench.take(64)
    bench.deck.connect(RENDER.address, bench.state.ctypes.data)
    # The driver notices a block later; it is the same gap.
    bench.take(64, flags=OUTPUT_UNDERFLOW)
    assert (bench.deck.word(words.XRUNS_OWN), bench.deck.word(words.XRUNS_DRIVER)) == (1, 0)


def test_the_c_function_holds_no_interpreter_lock() -> None:
    """ctypes calls C functions without the lock, as PortAudio's thread does; within, Python says who holds it."""
    bench = Bench()
    check = ctypes.cast(ctypes.pythonapi.PyGILState_Check, ctypes.c_void_p).value
    bench.deck.put(words.DIAGNOSIS, check)
    out = np.zeros(256, dtype=np.float32)
    call = ctypes.CFUNCTYPE(
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_ulong,
        ctypes.c_void_p,
        ctypes.c_ulong,
        ctypes.c_void_p,
    )(CALLBACK.address)
    for _ in range(10):
        assert call(None, out.ctypes.data, 128, None, 0, bench.deck.address) == 0
    assert bench.deck.word(words.CALLS) == 10
    assert bench.deck.word(words.DIAGNOSED_MOST) & 0xFFFF_FFFF == 0
    assert np.abs(out).max() > 0.0
    # The same question where the lock is held is answered with 1.
    assert ctypes.pythonapi.PyGILState_Check() == 1
