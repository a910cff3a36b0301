# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUntypedFunctionDecorator=false
# numba's and LLVM's own interfaces have no types.
"""Mapped files that are cut short while they are read: silence instead of the end of the process.

Whoever reads a page of a mapping that its file no longer has gets SIGBUS, and no check beforehand can rule that out.
The handler here, compiled code that needs no interpreter lock, puts pages of zeros in the place of those that are gone
and lets the reader go on; `hit` tells of it afterwards. A bus error anywhere else goes to whoever handled it before.
Windows does not let a mapped file be cut.
"""

from __future__ import annotations

import ctypes
import mmap
import signal
import sys
import threading
import weakref
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic as typed_intrinsic

from engine.dsp.memory import get_int, set_int
from engine.dsp.native import c_function
from engine.plan.flat.words import Words, address
from engine.types import Audio

intrinsic: Any = typed_intrinsic

LINUX, MACOS = sys.platform.startswith("linux"), sys.platform == "darwin"
AVAILABLE = LINUX or MACOS

ROOM = 1 << 14
"""Mappings that are watched at once, at most."""
ROWS_AT, COUNT, HITS, OLD_AT, PAGE = range(5)
START, END, HIT = range(3)
ROW = 3

_ACTION_BYTES = 152 if LINUX else 16
_FLAGS_AT = 136 if LINUX else 12
_FLAGS = 0x4 | 0x0800_0000 | 0x1000_0000 if LINUX else 0x40 | 0x1 | 0x2
"""SA_SIGINFO, SA_ONSTACK, SA_RESTART."""
_ADDRESS_AT = 2 if LINUX else 3
"""Word of ``siginfo_t`` that holds the address."""
_BUS_ERROR = 7 if LINUX else 10
_READ = 1
_ZEROS = 0x02 | 0x10 | (0x20 if LINUX else 0x1000)
"""MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS."""
_NAME = "contrafact_lost_pages"

_head: Words = np.zeros(8, dtype=np.int64)
_rows: Words = np.zeros(ROW * ROOM, dtype=np.int64)
_old: npt.NDArray[np.uint8] = np.zeros(_ACTION_BYTES, dtype=np.uint8)
_head[ROWS_AT], _head[PAGE] = address(_rows), mmap.PAGESIZE
_head[OLD_AT] = int(_old.__array_interface__["data"][0])
_lock = threading.Lock()
_free: list[int] = []
_guarded: list[int] = []
# Compiled code that is cached finds the table by name: its address is another one in each process.
llvm.add_symbol(_NAME, address(_head))

_map = types.ExternalFunction(
    "mmap", types.int64(types.int64, types.int64, types.int32, types.int32, types.int32, types.int64)
)
_sigaction = types.ExternalFunction("sigaction", types.int32(types.int32, types.int64, types.int64))


@intrinsic
def _table(typing_context: Any) -> Any:
    """Address of the table."""
    del typing_context

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        del context, sig, args
        kind = ir.FunctionType(ir.VoidType(), [])
        return builder.ptrtoint(cgutils.get_or_insert_function(builder.module, kind, _NAME), ir.IntType(64))

    return types.int64(), codegen


@c_function(types.void(types.int32, types.int64, types.int64), cache=True)
def _HANDLER(number: int, info: int, context: int) -> None:
    table = _table()
    rows = get_int(table, ROWS_AT)
    at = get_int(info, _ADDRESS_AT)
    for k in range(get_int(table, COUNT)):
        row = rows + 8 * ROW * k
        end = get_int(row, END)
        if get_int(row, START) <= at < end:
            page = at - at % get_int(table, PAGE)
            # The file ends before this page, so it has none of those that follow either.
            if _map(page, end - page, _READ, _ZEROS, -1, 0) == page:
                set_int(row, HIT, 1)
                set_int(table, HITS, get_int(table, HITS) + 1)
                return
    # Not ours: it happens again, to whoever handled it before.
    _sigaction(_BUS_ERROR, get_int(table, OLD_AT), 0)


def guard() -> None:
    """Handle bus errors from now on; more than once does no harm."""
    with _lock:
        if _guarded or not AVAILABLE:
            return
        action = np.zeros(_ACTION_BYTES, dtype=np.uint8)
        action[:8].view(np.int64)[0] = _HANDLER.address
        action[_FLAGS_AT : _FLAGS_AT + 4].view(np.int32)[0] = _FLAGS
        library = ctypes.CDLL(None)
        at = ctypes.c_void_p(int(action.__array_interface__["data"][0]))
        if library.sigaction(int(signal.SIGBUS), at, ctypes.c_void_p(int(_head[OLD_AT]))) == 0:
            _guarded.append(int(_HANDLER.address))


class Watched:
    """A mapping whose lost pages become silence as long as `samples` lives."""

    def __init__(self, samples: Audio):
        self._row = _watch(samples) if samples.size else -1

    @property
    def hit(self) -> bool:
        """True once a page was gone when it was read."""
        return self._row >= 0 and bool(_rows[ROW * self._row + HIT])


def hits() -> int:
    """How often a page was gone when it was read, in this process."""
    return int(_head[HITS])


def _watch(samples: Audio) -> int:
    guard()
    if not _guarded:
        return -1
    first = address(samples)
    page = mmap.PAGESIZE
    with _lock:
        if _free:
            row = _free.pop()
        elif int(_head[COUNT]) < ROOM:
            row = int(_head[COUNT])
            _head[COUNT] += 1
        else:
            return -1
        # The end last: until then the row holds no address.
        _rows[ROW * row + HIT] = 0
        _rows[ROW * row + START] = first - first % page
        _rows[ROW * row + END] = -(-(first + samples.nbytes) // page) * page
    weakref.finalize(samples, _forget, row).atexit = False
    return row


def _forget(row: int) -> None:
    with _lock:
        _rows[ROW * row + END] = 0
        _free.append(row)
