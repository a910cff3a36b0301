"""Self-tests of packs: stored inputs and outputs of the graph, which every provider must give again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.inference import runtime
from engine.inference.pack_format import SelfTestTensor
from engine.inference.packs import Pack

HALF_TOLERANCE = 2e-2
SELFTEST_LIMIT_S = 300.0
"""A graph that has not answered its self-test after so long will never do."""


def read_selftest(pack: Pack, tensor: SelfTestTensor) -> npt.NDArray[np.float32]:
    """A stored array of the self-test."""
    path = Path(pack.folder).joinpath(*tensor.member.split("/"))
    return np.fromfile(path, dtype="<f4").reshape(tensor.shape)


def run_selftest(pack: Pack, *, provider: str) -> tuple[float, str]:
    """Largest deviation from the stored outputs, relative to their largest value, and the provider really used.

    Raises:
        InferenceError: the graph does not run there, or does not come to an end.
    """
    from engine.inference.graphs import Graph

    opened = runtime.open_session(pack, provider)
    return deviation(pack, Graph(opened.session)), opened.provider


def deviation(pack: Pack, graph: Callable[..., list[npt.NDArray[np.float32]]]) -> float:
    """Largest deviation of the self-test's outputs from the stored ones, relative to the largest; infinite for values
    that are no numbers or of another shape, 0 for a pack without a self-test.

    Raises:
        InferenceError: the graph does not run, or does not come to an end.
    """
    if pack.selftest is None:
        return 0.0
    feeds = {tensor.name: read_selftest(pack, tensor) for tensor in pack.selftest.inputs}
    if any(tensor.name not in feeds for tensor in pack.inputs):
        return float("inf")
    results = graph([feeds[tensor.name] for tensor in pack.inputs], limit_s=SELFTEST_LIMIT_S)
    made = {tensor.name: result for tensor, result in zip(pack.outputs, results, strict=True)}
    worst = 0.0
    for tensor in pack.selftest.outputs:
        wanted, got = read_selftest(pack, tensor), made.get(tensor.name)
        if got is None or got.shape != wanted.shape:
            return float("inf")
        error = float(np.abs(got - wanted).max()) / max(float(np.abs(wanted).max()), 1e-9)
        worst = max(worst, error if np.isfinite(error) else float("inf"))
    return worst


def tolerance(pack: Pack) -> float:
    """How large a `deviation` may be: what the pack says, and what half precision costs where it asks for that."""
    stated = pack.selftest.tolerance if pack.selftest is not None else 0.0
    return max(stated, HALF_TOLERANCE) if pack.runtime.fp16 else stated
