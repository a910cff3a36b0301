# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportOptionalCall=false, reportUntypedClassDecorator=false
# numba's and LLVM's own interfaces have no types.
"""Calls from compiled code through addresses, so that each large kernel is compiled, and cached, once.

Code that numba compiles contains all that it calls. A function that is called by its address instead is compiled by
itself, and whoever calls it stays small.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import cfunc, types
from numba.extending import intrinsic as typed_intrinsic

intrinsic: Any = typed_intrinsic
"""Its results are called without their first argument, which no type can say."""

c_function: Any = cfunc
"""Its results have an ``address``, and a ``ctypes`` function that lets go of the interpreter's lock."""

_INT = ir.IntType(64)


def _caller(count: int, doubles: int) -> Any:
    """An intrinsic that calls a function of `count` integers, then `doubles` doubles, that returns an integer."""
    kinds = [types.int64] * count + [types.float64] * doubles
    machine = [_INT] * count + [ir.DoubleType()] * doubles

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        function = context.cast(builder, args[0], signature.args[0], types.int64)
        pointer = builder.inttoptr(function, ir.FunctionType(_INT, machine).as_pointer())
        values = [
            context.cast(builder, value, given, wanted)
            for value, given, wanted in zip(args[1:], signature.args[1:], kinds, strict=True)
        ]
        return builder.call(pointer, values)

    return codegen


_FIVE = _caller(5, 0)
_EFFECT = _caller(9, 0)


@intrinsic
def call_five(typing_context: Any, function: Any, a: Any, b: Any, c: Any, d: Any, e: Any) -> Any:
    """Call the C function ``int64(int64 x 5)`` at an address."""
    del typing_context
    return types.int64(function, a, b, c, d, e), _FIVE


@intrinsic
def call_nine(
    typing_context: Any, function: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any, i: Any
) -> Any:
    """Call the C function ``int64(int64 x 9)`` at an address."""
    del typing_context
    return types.int64(function, a, b, c, d, e, f, g, h, i), _EFFECT
