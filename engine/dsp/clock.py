# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportOptionalCall=false, reportUntypedClassDecorator=false
# numba's and LLVM's own interfaces have no types.
"""A steady clock that compiled code may read at any time: no interpreter, no memory taken, about 30 ns."""

from __future__ import annotations

import sys

from numba import njit, types

from engine.dsp.memory import get_int, pointer_of

SCRATCH_WORDS = 2
"""64-bit words that `now_ns` writes to."""

_CLOCK_MONOTONIC = 1 if sys.platform.startswith("linux") else 6

_clock_gettime = types.ExternalFunction("clock_gettime", types.int32(types.int32, types.voidptr))
_performance_counter = types.ExternalFunction("QueryPerformanceCounter", types.int32(types.voidptr))
_performance_frequency = types.ExternalFunction("QueryPerformanceFrequency", types.int32(types.voidptr))


if sys.platform == "win32":

    @njit(nogil=True, error_model="numpy")
    def now_ns(scratch: int) -> int:
        """The time in ns; `scratch` is the address of `SCRATCH_WORDS` words of the caller's own."""
        _performance_counter(pointer_of(scratch))
        _performance_frequency(pointer_of(scratch + 8))
        count, hertz = get_int(scratch, 0), get_int(scratch, 1)
        return count // hertz * 1_000_000_000 + count % hertz * 1_000_000_000 // hertz

else:

    @njit(nogil=True, error_model="numpy")
    def now_ns(scratch: int) -> int:
        """The time in ns; `scratch` is the address of `SCRATCH_WORDS` words of the caller's own."""
        _clock_gettime(_CLOCK_MONOTONIC, pointer_of(scratch))
        return get_int(scratch, 0) * 1_000_000_000 + get_int(scratch, 1)
