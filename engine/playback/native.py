"""What the device callback needs of the machine, callable from compiled code without the interpreter lock: clocks, this
thread's number and its waits, ordered loads and stores, and functions behind an address.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from llvmlite import ir  # pyright: ignore[reportMissingTypeStubs]
from numba import njit, types  # pyright: ignore[reportPrivateImportUsage]
from numba.extending import intrinsic

from engine.dsp.clock import now_ns

LINUX = sys.platform.startswith("linux")
WINDOWS = sys.platform == "win32"

SCRATCH_WORDS = 32
"""int64 words of scratch memory that `clock_ns`, `thread_ns` and `waits` need, each its own."""

_CLOCK_THREAD_CPU = 3 if LINUX else 16
_RUSAGE_THREAD = 1
_MINOR_FAULTS, _MAJOR_FAULTS, _VOLUNTARY_SWITCHES = 8, 9, 16
"""Words of ``ru_minflt``, ``ru_majflt`` and ``ru_nvcsw`` in ``struct rusage`` of 64-bit Linux."""

_INT64 = ir.IntType(64)

_clock_gettime = types.ExternalFunction("clock_gettime", types.int32(types.int32, types.voidptr))
_getrusage = types.ExternalFunction("getrusage", types.int32(types.int32, types.voidptr))
_gettid = types.ExternalFunction("gettid", types.int32())
_getcpu = types.ExternalFunction("sched_getcpu", types.int32())


def _function(address: Any, kind: ir.FunctionType, builder: Any) -> Any:
    return builder.inttoptr(address, kind.as_pointer())


def _call_plain(typing: Any, function: Any) -> Any:
    del typing, function

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del context, signature
        return builder.call(_function(arguments[0], ir.FunctionType(_INT64, []), builder), [])

    return types.int64(types.int64), generate


call_plain: Any = intrinsic(_call_plain)
"""``call_plain(function: int64) -> int64``: run the C function ``int64 f(void)`` at that address."""


def _call_render(typing: Any, function: Any, session: Any, left: Any, right: Any, stride: Any, frames: Any) -> Any:
    del typing, function, session, left, right, stride, frames

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del context, signature
        return builder.call(_function(arguments[0], ir.FunctionType(_INT64, [_INT64] * 5), builder), arguments[1:])

    return types.int64(*(types.int64,) * 6), generate


call_render: Any = intrinsic(_call_render)
"""``call_render(function, session, left, right, stride, frames) -> int64``: run the C function at the address
`function` with the other five; all are int64.
"""


def _samples(typing: Any, address: Any) -> Any:
    del typing, address

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.float32)(types.int64), generate


samples: Any = intrinsic(_samples)
"""``samples(address: int64)``: a pointer to float32, for `numba.carray`."""


def _doubles(typing: Any, address: Any) -> Any:
    del typing, address

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.float64)(types.int64), generate


doubles: Any = intrinsic(_doubles)
"""``doubles(address: int64)``: a pointer to float64, for `numba.carray`."""


def _load(typing: Any, address: Any) -> Any:
    del typing, address

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del context, signature
        return builder.load_atomic(builder.inttoptr(arguments[0], _INT64.as_pointer()), "acquire", 8, typ=_INT64)

    return types.int64(types.int64), generate


load: Any = intrinsic(_load)
"""``load(address: int64) -> int64``: read a word; what was written before its `store` is seen too."""


def _store_word(typing: Any, address: Any, value: Any) -> Any:
    del typing, address, value

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del signature
        builder.store_atomic(arguments[1], builder.inttoptr(arguments[0], _INT64.as_pointer()), "release", 8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


_store: Any = intrinsic(_store_word)


@njit(types.void(types.int64[::1], types.int64, types.int64), cache=True, nogil=True)
def store(words: Any, slot: int, value: int) -> None:
    """Write ``words[slot]``, an int64 array, after everything that was written before."""
    _store(words.ctypes.data + 8 * slot, value)


@njit(cache=True, nogil=True, error_model="numpy")
def clock_ns(scratch: Any) -> int:
    """A steady clock in ns, that of `engine.dsp.clock`; `scratch` ``(SCRATCH_WORDS,) int64``."""
    return now_ns(scratch.ctypes.data)


if WINDOWS:

    @njit(cache=True, nogil=True, error_model="numpy")
    def thread_ns(scratch: Any) -> int:
        """Time that this thread has computed, in ns; 0 where the system does not tell."""
        return 0

else:

    @njit(cache=True, nogil=True, error_model="numpy")
    def thread_ns(scratch: Any) -> int:
        """Time that this thread has computed, in ns; 0 where the system does not tell."""
        _clock_gettime(_CLOCK_THREAD_CPU, scratch.ctypes)
        return scratch[0] * 1_000_000_000 + scratch[1]


if LINUX:

    @njit(cache=True, nogil=True, error_model="numpy")
    def waits(scratch: Any) -> int:
        """How often this thread has waited by its own doing: for a page from disk, a lock or a sleep. -1 where the
        system does not tell.
        """
        _getrusage(_RUSAGE_THREAD, scratch.ctypes)
        return scratch[_MAJOR_FAULTS] + scratch[_VOLUNTARY_SWITCHES]

    @njit(cache=True, nogil=True, error_model="numpy")
    def faults(scratch: Any) -> int:
        """How many pages this thread had to be given, as of the last `waits` with this `scratch`."""
        return scratch[_MINOR_FAULTS] + scratch[_MAJOR_FAULTS]

    @njit(cache=True, nogil=True, error_model="numpy")
    def thread_id() -> int:
        """The system's number of this thread; 0 where there is none."""
        return _gettid()

    @njit(cache=True, nogil=True, error_model="numpy")
    def processor() -> int:
        """The number of the processor that this thread runs on; -1 where the system does not tell."""
        return _getcpu()

else:

    @njit(cache=True, nogil=True, error_model="numpy")
    def waits(scratch: Any) -> int:
        """How often this thread has waited by its own doing: for a page from disk, a lock or a sleep. -1 where the
        system does not tell.
        """
        return -1

    @njit(cache=True, nogil=True, error_model="numpy")
    def faults(scratch: Any) -> int:
        """How many pages this thread had to be given, as of the last `waits` with this `scratch`."""
        return 0

    @njit(cache=True, nogil=True, error_model="numpy")
    def thread_id() -> int:
        """The system's number of this thread; 0 where there is none."""
        return 0

    @njit(cache=True, nogil=True, error_model="numpy")
    def processor() -> int:
        """The number of the processor that this thread runs on; -1 where the system does not tell."""
        return -1


def scratch() -> Any:
    """Memory for the clocks."""
    return np.zeros(SCRATCH_WORDS, dtype=np.int64)
