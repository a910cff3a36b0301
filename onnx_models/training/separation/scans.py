"""Gated recurrent units of an exported graph as scans over whole matrices, which onnxruntime runs faster.

Its own operator goes through the gates row by row, at more than a microsecond for 64 units, and so takes longer than
all convolutions together. In a scan the gates of all rows are one vectorised operator, and only the sum over the steps
remains; it pays where there are many rows and few steps. `ONNX GRU <https://onnx.ai/onnx/operators/onnx__GRU.html>`_
says what is computed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

FORWARD, BACKWARD = 0, 1


def as_scans(model: onnx.ModelProto, chosen: Callable[[str], bool]) -> int:
    """Replace, in place, the ``GRU`` nodes whose names are `chosen`; returns how many were.

    They must be as torch exports them: in one or both directions, with constant weights, ``linear_before_reset``, and
    from silence, with no use of the last state.

    Raises:
        ValueError: a chosen node is not.
    """
    graph = model.graph
    weights = {held.name: held for held in graph.initializer}
    nodes = list(graph.node)
    made: list[onnx.NodeProto] = []
    gone: set[int] = set()
    count = 0
    for index, node in enumerate(nodes):
        if index in gone:
            continue
        if node.op_type != "GRU" or not chosen(node.name):
            made.append(node)
            continue
        after = _after(nodes, index)
        out = nodes[after[-1]].output[0]
        if any(output for output in node.output[1:] if _users(nodes, output)):
            raise ValueError(f"the last state of {node.name} is used")
        made.extend(_scan(graph, node, weights, out))
        gone.update(after)
        count += 1
    del graph.node[:]
    graph.node.extend(made)
    _forget_unused(graph)
    onnx.checker.check_model(model)
    return count


def _users(nodes: list[onnx.NodeProto], name: str) -> list[int]:
    return [index for index, node in enumerate(nodes) if name in node.input]


def _after(nodes: list[onnx.NodeProto], index: int) -> list[int]:
    """What torch lets follow, to bring ``(steps, ways, rows, units)`` to ``(steps, rows, ways * units)``."""
    wanted = (("Transpose", "Reshape"), ("Squeeze",))
    for kinds in wanted:
        found: list[int] = []
        name = nodes[index].output[0]
        for kind in kinds:
            users = _users(nodes, name)
            if len(users) != 1 or nodes[users[0]].op_type != kind:
                break
            found.append(users[0])
            name = nodes[users[0]].output[0]
        else:
            return found
    raise ValueError(f"what follows {nodes[index].name} is not known")


def _scan(
    graph: onnx.GraphProto, node: onnx.NodeProto, weights: dict[str, onnx.TensorProto], out: str
) -> list[onnx.NodeProto]:
    settings = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    first = [each.op_type for each in graph.node if node.input[5] in each.output]
    constants = all(node.input[at] in weights for at in (1, 2, 3))
    if not settings.get("linear_before_reset") or not constants or first != ["ConstantOfShape"]:
        raise ValueError(f"{node.name} is not as torch exports it")
    given, on, offsets = (numpy_helper.to_array(weights[node.input[at]]) for at in (1, 2, 3))
    ways, units = len(given), settings["hidden_size"]
    if settings.get("direction", b"forward") != (b"bidirectional" if ways == 2 else b"forward"):
        raise ValueError(f"{node.name} runs backward alone")
    name = node.name.strip("/").replace("/", ".")
    nodes: list[onnx.NodeProto] = []

    def add(kind: str, inputs: list[str], output: str, **more: Any) -> str:
        full = f"{name}.{output}" if output != out else out
        nodes.append(helper.make_node(kind, inputs, [full], name=f"{name}.{kind}.{len(nodes)}", **more))
        return full

    def constant(label: str, value: Any) -> str:
        full = f"{name}.{label}"
        graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value), full))
        return full

    x = node.input[0]
    sizes = add("Shape", [x], "sizes", end=2)
    flat = add("Reshape", [x, constant("flat", np.array([-1, given.shape[2]]))], "rows")
    size = add(
        "Concat",
        [add("Shape", [x], "count", start=1, end=2), constant("units", np.array([units]))],
        "state.size",
        axis=0,
    )
    silence = add("ConstantOfShape", [size], "state")
    products, body = [], []
    for way in range(ways):
        # Gates come in the order update, reset, new.
        both = offsets[way, : 2 * units] + offsets[way, 3 * units : 5 * units]
        parts = (
            ("gates", given[way, : 2 * units], both),
            ("new", given[way, 2 * units :], offsets[way, 2 * units : 3 * units]),
        )
        for label, matrix, offset in parts:
            shape = f"{name}.shape.{label}"
            if way == 0:
                add("Concat", [sizes, constant(f"size.{label}", np.array([len(matrix)]))], f"shape.{label}", axis=0)
            inputs = [flat, constant(f"{label}.{way}.weight", matrix.T), constant(f"{label}.{way}.offset", offset)]
            product = add("Gemm", inputs, f"{label}.{way}.flat")
            products.append(add("Reshape", [product, shape], f"{label}.{way}"))
        body.append(
            (
                constant(f"on.gates.{way}", on[way, : 2 * units].T),
                constant(f"on.new.{way}", on[way, 2 * units :].T),
                constant(f"on.offset.{way}", offsets[way, 5 * units :]),
            )
        )
    outputs = [f"{name}.last.{way}" for way in range(ways)] + [
        f"{name}.out.{way}" if ways > 1 else out for way in range(ways)
    ]
    directions = [FORWARD, BACKWARD][:ways]
    nodes.append(
        helper.make_node(
            "Scan",
            [silence] * ways + products,
            outputs,
            name=f"{name}.Scan",
            body=_body(name, body, units),
            num_scan_inputs=len(products),
            scan_input_directions=[way for way in directions for _ in range(2)],
            scan_output_directions=directions,
        )
    )
    if ways > 1:
        add("Concat", outputs[ways:], out, axis=2)
    return nodes


def _body(name: str, weights: list[tuple[str, str, str]], units: int) -> onnx.GraphProto:
    """One step: states ``(rows, units)``, then products with the input, to the next states, twice."""
    nodes: list[onnx.NodeProto] = []
    states, seen, after, out = [], [], [], []
    for way, (gates, new, offset) in enumerate(weights):
        held, given, fresh = f"held.{way}", f"gates.{way}", f"new.{way}"

        def add(kind: str, inputs: list[str], *outputs: str, way: int = way, **more: Any) -> None:
            named = [f"{each}.{way}" for each in outputs]
            nodes.append(helper.make_node(kind, inputs, named, name=f"{name}.{kind}.{way}.{len(nodes)}", **more))

        add("Gemm", [held, gates, given], "opening")
        add("Sigmoid", [f"opening.{way}"], "opened")
        add("Split", [f"opened.{way}"], "update", "reset", axis=1)
        add("Gemm", [held, new, offset], "recalled")
        add("Mul", [f"reset.{way}", f"recalled.{way}"], "kept")
        add("Add", [f"kept.{way}", fresh], "sum")
        add("Tanh", [f"sum.{way}"], "told")
        add("Sub", [held, f"told.{way}"], "apart")
        add("Mul", [f"update.{way}", f"apart.{way}"], "share")
        add("Add", [f"told.{way}", f"share.{way}"], "next")
        add("Identity", [f"next.{way}"], "said")
        states.append(_value(held, units))
        seen.extend((_value(given, 2 * units), _value(fresh, units)))
        after.append(_value(f"next.{way}", units))
        out.append(_value(f"said.{way}", units))
    return helper.make_graph(nodes, f"{name}.step", [*states, *seen], [*after, *out])


def _value(name: str, size: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, size])


def _forget_unused(graph: onnx.GraphProto) -> None:
    """Drop nodes and initializers that nothing reads any more."""
    while True:
        read = {name for node in graph.node for name in node.input} | {each.name for each in graph.output}
        live = [node for node in graph.node if any(name in read for name in node.output)]
        if len(live) == len(graph.node):
            break
        del graph.node[:]
        graph.node.extend(live)
    read = {name for node in graph.node for name in node.input}
    read |= {
        name
        for node in graph.node
        for each in node.attribute
        if each.HasField("g")
        for inner in each.g.node
        for name in inner.input
    }
    kept = [held for held in graph.initializer if held.name in read]
    del graph.initializer[:]
    graph.initializer.extend(kept)
