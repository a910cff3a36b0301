# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportOptionalCall=false, reportUntypedClassDecorator=false
# numba's and LLVM's own interfaces have no types.
"""Vectors of float32 as a type of compiled code: eight tracks, or their sixteen sides, are one value.

Numba leaves vectorising to chance; here a vector is a value of its own, kept in registers between operations, and
LLVM makes the widest instructions of the machine out of it (two AVX registers for sixteen lanes).
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic as typed_intrinsic
from numba.extending import lower_builtin, models, register_model

intrinsic: Any = typed_intrinsic
"""Its results are called without their first argument, which no type can say."""

FLOAT = ir.FloatType()
I32 = ir.IntType(32)
I1 = ir.IntType(1)
FLAGS = ("contract",)
"""Lets a product and a sum become one fused instruction."""


class Vector(types.Type):
    """`lanes` values of float32."""

    def __init__(self, lanes: int):
        self.lanes = lanes
        super().__init__(name=f"Vector({lanes})")


class Mask(types.Type):
    """`lanes` truth values."""

    def __init__(self, lanes: int):
        self.lanes = lanes
        super().__init__(name=f"Mask({lanes})")


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    """How LLVM sees a `Vector`."""

    def __init__(self, manager: Any, kind: Vector):
        super().__init__(manager, kind, ir.VectorType(FLOAT, kind.lanes))


@register_model(Mask)
class MaskModel(models.PrimitiveModel):
    """How LLVM sees a `Mask`; as bytes, since numba keeps variables in memory that it addresses."""

    def __init__(self, manager: Any, kind: Mask):
        super().__init__(manager, kind, ir.VectorType(ir.IntType(32), kind.lanes))


V8, V16 = Vector(8), Vector(16)


def _constant(lanes: int, value: float) -> Any:
    return ir.Constant(ir.VectorType(FLOAT, lanes), [value] * lanes)


def _integers(lanes: int, value: int) -> Any:
    return ir.Constant(ir.VectorType(I32, lanes), [value] * lanes)


def _splat(builder: Any, value: Any, lanes: int) -> Any:
    kind = ir.VectorType(FLOAT, lanes)
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(I32, 0))
    return builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), _integers(lanes, 0))


def _binary(name: Any, method: str) -> None:
    @infer_global(name)
    class Rule(AbstractTemplate):  # pyright: ignore[reportUnusedClass]
        def generic(self, args: Any, kws: Any) -> Any:
            del kws
            if len(args) == 2 and isinstance(args[0], Vector) and args[0] == args[1]:
                return signature(args[0], *args)
            return None

    @lower_builtin(name, Vector, Vector)
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        del context, sig
        return getattr(builder, method)(*args, flags=FLAGS)


for _name, _method in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _binary(_name, _method)


def _load(lanes: int) -> Any:
    @intrinsic
    def load(typing_context: Any, address: Any, index: Any) -> Any:
        del typing_context

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            at = [context.cast(builder, v, t, types.int64) for v, t in zip(args, sig.args, strict=True)]
            kind = ir.VectorType(FLOAT, lanes)
            base = builder.gep(builder.inttoptr(at[0], FLOAT.as_pointer()), [at[1]])
            value = builder.load(builder.bitcast(base, kind.as_pointer()))
            value.align = 4
            return value

        return Vector(lanes)(address, index), codegen

    return load


def _store(lanes: int) -> Any:
    @intrinsic
    def store(typing_context: Any, address: Any, index: Any, vector: Any) -> Any:
        del typing_context

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            at = [context.cast(builder, args[k], sig.args[k], types.int64) for k in range(2)]
            base = builder.gep(builder.inttoptr(at[0], FLOAT.as_pointer()), [at[1]])
            builder.store(args[2], builder.bitcast(base, args[2].type.as_pointer()), align=4)
            return context.get_dummy_value()

        return types.void(address, index, vector), codegen

    return store


def _fill(lanes: int) -> Any:
    @intrinsic
    def fill(typing_context: Any, value: Any) -> Any:
        del typing_context

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return _splat(builder, context.cast(builder, args[0], sig.args[0], types.float32), lanes)

        return Vector(lanes)(value), codegen

    return fill


load8: Any = _load(8)
"""``load8(address, index)``: eight float32 from the index-th on."""
load16: Any = _load(16)
"""``load16(address, index)``."""
store8: Any = _store(8)
"""``store8(address, index, vector)``."""
store16: Any = _store(16)
"""``store16(address, index, vector)``."""
fill8: Any = _fill(8)
"""``fill8(value)``: the same number in every lane."""
fill16: Any = _fill(16)
"""``fill16(value)``."""


def _extreme(code: str) -> Any:
    @intrinsic
    def pick(typing_context: Any, a: Any, b: Any) -> Any:
        del typing_context

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            del context, sig
            return builder.select(builder.fcmp_ordered(code, args[0], args[1]), args[0], args[1])

        return a(a, b), codegen

    return pick


larger: Any = _extreme(">")
"""``larger(a, b)``, lane by lane; `b` where either is not a number."""
smaller: Any = _extreme("<")
"""``smaller(a, b)``, lane by lane; `b` where either is not a number."""


def _compare(code: str) -> Any:
    @intrinsic
    def compare(typing_context: Any, a: Any, b: Any) -> Any:
        del typing_context

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            del context
            truth = builder.fcmp_ordered(code, args[0], args[1])
            return builder.sext(truth, ir.VectorType(I32, sig.args[0].lanes))

        return Mask(a.lanes)(a, b), codegen

    return compare


above: Any = _compare(">")
"""``above(a, b)``: where a > b; False where either is not a number."""
below: Any = _compare("<")
"""``below(a, b)``: where a < b; False where either is not a number."""


@intrinsic
def choose(typing_context: Any, mask: Any, a: Any, b: Any) -> Any:
    """`a` where the mask is true, else `b`."""
    del typing_context

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        del context
        truth = builder.trunc(args[0], ir.VectorType(I1, sig.args[0].lanes))
        return builder.select(truth, args[1], args[2])

    return a(mask, a, b), codegen


@intrinsic
def anywhere(typing_context: Any, mask: Any) -> Any:
    """True when the mask is true in any lane."""
    del typing_context

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        del context
        lanes = sig.args[0].lanes
        bits = builder.bitcast(builder.trunc(args[0], ir.VectorType(I1, lanes)), ir.IntType(lanes))
        return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(lanes), 0))

    return types.boolean(mask), codegen


@intrinsic
def magnitude(typing_context: Any, a: Any) -> Any:
    """Absolute values."""
    del typing_context

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        del context
        kind = ir.VectorType(I32, sig.args[0].lanes)
        bits = builder.and_(builder.bitcast(args[0], kind), _integers(sig.args[0].lanes, 0x7FFFFFFF))
        return builder.bitcast(bits, args[0].type)

    return a(a), codegen


def _half(first: int) -> Any:
    @intrinsic
    def half(typing_context: Any, a: Any) -> Any:
        del typing_context

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            del context, sig
            index = ir.Constant(ir.VectorType(I32, 8), list(range(first, first + 8)))
            return builder.shuffle_vector(args[0], ir.Constant(args[0].type, ir.Undefined), index)

        return Vector(8)(a), codegen

    return half


lower_half: Any = _half(0)
"""The left sides of sixteen lanes."""
upper_half: Any = _half(8)
"""The right sides of sixteen lanes."""


@intrinsic
def join(typing_context: Any, a: Any, b: Any) -> Any:
    """Sixteen lanes: eight of `a`, eight of `b`."""
    del typing_context

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        del context, sig
        return builder.shuffle_vector(args[0], args[1], ir.Constant(ir.VectorType(I32, 16), list(range(16))))

    return Vector(16)(a, b), codegen


@intrinsic
def total(typing_context: Any, a: Any) -> Any:
    """The sum of the lanes, as float32: pairs first, in a fixed order."""
    del typing_context

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        del context
        value, lanes = args[0], sig.args[0].lanes
        while lanes > 1:
            lanes //= 2
            undefined = ir.Constant(value.type, ir.Undefined)
            low = builder.shuffle_vector(value, undefined, ir.Constant(ir.VectorType(I32, lanes), list(range(lanes))))
            high = builder.shuffle_vector(
                value, undefined, ir.Constant(ir.VectorType(I32, lanes), list(range(lanes, 2 * lanes)))
            )
            value = builder.fadd(low, high)
        return builder.extract_element(value, ir.Constant(I32, 0))

    return types.float32(a), codegen


def _polynomial(builder: Any, x: Any, lanes: int, coefficients: tuple[float, ...]) -> Any:
    value = _constant(lanes, coefficients[0])
    for coefficient in coefficients[1:]:
        value = builder.fadd(builder.fmul(value, x, flags=FLAGS), _constant(lanes, coefficient), flags=FLAGS)
    return value


LOG2 = (-0.0251232033, 0.2700374574, -1.2479624954, 3.2494665613, -5.3017091087, 6.0898957626, -3.0346028502)
"""log2 on [1, 2], fitted at Chebyshev's nodes, within 3e-6; highest power first."""
EXP2 = (0.0018951073, 0.0089462147, 0.0558632827, 0.2401407701, 0.6931546200, 0.9999998958)
"""2**x on [0, 1], fitted at Chebyshev's nodes, within 1.1e-7 relative; highest power first."""


@intrinsic
def fast_log2(typing_context: Any, a: Any) -> Any:
    """log2 of normal positive numbers, from the exponent's bits and a polynomial."""
    del typing_context

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        del context
        lanes = sig.args[0].lanes
        kind = ir.VectorType(I32, lanes)
        bits = builder.bitcast(args[0], kind)
        exponent = builder.sub(builder.lshr(bits, _integers(lanes, 23)), _integers(lanes, 127))
        fraction = builder.or_(builder.and_(bits, _integers(lanes, 0x7FFFFF)), _integers(lanes, 0x3F800000))
        mantissa = builder.bitcast(fraction, args[0].type)
        return builder.fadd(
            _polynomial(builder, mantissa, lanes, LOG2), builder.sitofp(exponent, args[0].type), flags=FLAGS
        )

    return a(a), codegen


@intrinsic
def fast_exp2(typing_context: Any, a: Any) -> Any:
    """2 to the power of numbers in (-126, 127)."""
    del typing_context

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        del context
        lanes = sig.args[0].lanes
        kind = ir.VectorType(I32, lanes)
        shifted = builder.fadd(args[0], _constant(lanes, 127.0))
        whole = builder.fptosi(shifted, kind)
        fraction = builder.fsub(shifted, builder.sitofp(whole, args[0].type))
        power = builder.bitcast(builder.shl(whole, _integers(lanes, 23)), args[0].type)
        return builder.fmul(_polynomial(builder, fraction, lanes, EXP2), power)

    return a(a), codegen


@intrinsic
def transpose8(typing_context: Any, source: Any, target: Any, pitch: Any) -> Any:
    """Write eight runs of eight float32, 64 samples apart at `source`, as eight rows of eight, `pitch` samples apart at
    `target`.
    """
    del typing_context

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.VectorType(FLOAT, 8)
        i64 = ir.IntType(64)
        pitch_value = context.cast(builder, args[2], sig.args[2], types.int64)
        read = builder.inttoptr(args[0], FLOAT.as_pointer())
        write = builder.inttoptr(args[1], FLOAT.as_pointer())
        rows: list[Any] = []
        for k in range(8):
            row = builder.load(builder.bitcast(builder.gep(read, [ir.Constant(i64, 64 * k)]), kind.as_pointer()))
            row.align = 4
            rows.append(row)
        for span in (1, 2, 4):
            rows = _interleave(builder, rows, span)
        for k in range(8):
            at = builder.mul(pitch_value, ir.Constant(i64, k))
            builder.store(rows[k], builder.bitcast(builder.gep(write, [at]), kind.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(source, target, pitch), codegen


def _interleave(builder: Any, rows: list[Any], span: int) -> list[Any]:
    """One of the three passes of an 8 x 8 transposition: swap the off-diagonal blocks of `span`."""
    done: list[Any] = list(rows)
    for k in range(8):
        if k & span:
            continue
        a, b = rows[k], rows[k + span]
        first = [(8 + lane - span) if lane & span else lane for lane in range(8)]
        second = [(8 + lane) if lane & span else lane + span for lane in range(8)]
        index = ir.VectorType(I32, 8)
        done[k] = builder.shuffle_vector(a, b, ir.Constant(index, first))
        done[k + span] = builder.shuffle_vector(a, b, ir.Constant(index, second))
    return done
