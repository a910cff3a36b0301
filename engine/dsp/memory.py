# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportOptionalCall=false, reportUntypedClassDecorator=false
# numba's and LLVM's own interfaces have no types.
"""Plain memory for compiled code: words and samples at addresses.

A flat plan is reached by one pointer, so its kernels read tables of 8-byte words (integers or doubles) and runs of
float32 samples at addresses that are ordinary integers. Nothing here counts references, checks bounds or allocates.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic as typed_intrinsic
from numba.np.numpy_support import carray

from engine.dsp import fresh

intrinsic: Any = typed_intrinsic
"""Its results are called without their first argument, which no type can say."""

FRESH = fresh.digest
"""Imported for its effect: see there."""

WORD = 8
SAMPLE = 4
FLOAT32 = np.float32
FLOAT64 = np.float64


def _pointer(builder: Any, address: Any, index: Any, kind: Any) -> Any:
    base = builder.inttoptr(address, kind.as_pointer())
    return builder.gep(base, [index])


def _as_int64(context: Any, builder: Any, value: Any, kind: Any) -> Any:
    return context.cast(builder, value, kind, types.int64)


def _reader(result: Any, kind: Any) -> Any:
    @intrinsic
    def read(typing_context: Any, address: Any, index: Any) -> Any:
        del typing_context

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            at = [_as_int64(context, builder, v, t) for v, t in zip(args, signature.args, strict=True)]
            return builder.load(_pointer(builder, at[0], at[1], kind))

        return result(address, index), codegen

    return read


def _writer(stored: Any, kind: Any) -> Any:
    @intrinsic
    def write(typing_context: Any, address: Any, index: Any, value: Any) -> Any:
        del typing_context

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            at = [_as_int64(context, builder, args[k], signature.args[k]) for k in range(2)]
            cast = context.cast(builder, args[2], signature.args[2], stored)
            builder.store(cast, _pointer(builder, at[0], at[1], kind))
            return context.get_dummy_value()

        return types.void(address, index, value), codegen

    return write


get_int: Any = _reader(types.int64, ir.IntType(64))
"""``get_int(address, index)``: the index-th word at `address` as an integer."""
get_float: Any = _reader(types.float64, ir.DoubleType())
"""``get_float(address, index)``: the index-th word at `address` as a double."""
get_sample: Any = _reader(types.float32, ir.FloatType())
"""``get_sample(address, index)``: the index-th float32 at `address`."""
set_int: Any = _writer(types.int64, ir.IntType(64))
"""``set_int(address, index, value)``."""
set_float: Any = _writer(types.float64, ir.DoubleType())
"""``set_float(address, index, value)``."""
set_sample: Any = _writer(types.float32, ir.FloatType())
"""``set_sample(address, index, value)``."""


@intrinsic
def pointer_of(typing_context: Any, address: Any) -> Any:
    """The address as a pointer that `numba.carray` takes."""
    del typing_context

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(_as_int64(context, builder, args[0], signature.args[0]), cgutils.voidptr_t)

    return types.voidptr(address), codegen


@intrinsic
def address_of(typing_context: Any, pointer: Any) -> Any:
    """A C pointer, as a callback gets it, as an address."""
    del typing_context

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        del context, signature
        return builder.ptrtoint(args[0], ir.IntType(64))

    return types.int64(pointer), codegen


@njit(nogil=True, error_model="numpy")
def address_of_array(array: Any) -> Any:
    """Address of an array's first element."""
    return np.int64(array.ctypes.data)


@njit(nogil=True, error_model="numpy")
def samples(address: int, count: int) -> Any:
    """A view of `count` float32 at `address`."""
    return carray(pointer_of(address), (count,), dtype=FLOAT32)


@njit(nogil=True, error_model="numpy")
def doubles(address: int, count: int) -> Any:
    """A view of `count` float64 at `address`."""
    return carray(pointer_of(address), (count,), dtype=FLOAT64)


@njit(nogil=True, error_model="numpy")
def stereo(address: int, frames: int) -> Any:
    """A view ``(2, frames) float32`` of planar samples at `address`."""
    return carray(pointer_of(address), (2, frames), dtype=FLOAT32)


@njit(nogil=True, error_model="numpy")
def clear(address: int, count: int) -> None:
    """Zero `count` float32."""
    for i in range(count):
        set_sample(address, i, 0.0)
