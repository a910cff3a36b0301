"""All settings of a strip put right by listening: what the model's settings left of the difference to a reference goes
back into them, weighed by how far either can be trusted.

The model says settings from two descriptions of sound, and errs by a known scatter. Descriptions of two pieces of the
same recording differ by a known scatter, too. Between them lie the most probable settings (maximum a posteriori), found
by a Gauss-Newton step: the slopes are measured by trying each setting on a short excerpt.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from engine.beside import each
from engine.errors import PackError
from engine.inference.production_chain import IDS, Vector
from engine.inference.production_features import SIZE

Floats = npt.NDArray[np.float64]

_NUDGE = 0.08
_SHORTER = (1.0, 0.5, 0.25)
_LARGEST_SIGMAS = 3.0
"""A feature that is further off than this is so for another reason."""
_PRIOR = 3.0
"""Weight of the model's word. Features are far from normally distributed, and one piece of a recording says less of
another than their covariance lets believe: on held-out recordings twice to four times was best, and a second step made
it worse."""


class Scatter(msgspec.Struct, frozen=True, kw_only=True):
    """How far the model's settings and the features of two pieces of one recording scatter: covariances."""

    settings: npt.NDArray[np.float32]
    """``(len(SETTINGS), len(SETTINGS))``, of coded settings."""
    features: npt.NDArray[np.float32]
    """``(SIZE, SIZE)``."""


FILE = "scatter.f32"
"""Member of the production pack: both matrices of `Scatter`, one after the other, little-endian float32."""


def read_scatter(folder: str | Path) -> Scatter | None:
    """The scatter that comes with a production pack, or None where it has none.

    Raises:
        PackError: ``pack-invalid`` where the file is of another size.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        return None
    values = np.fromfile(path, dtype="<f4")
    count = len(IDS)
    if values.size != count * count + SIZE * SIZE or not bool(np.all(np.isfinite(values))):
        raise PackError(
            "The scatter of the production model is damaged.",
            remedy="Install the model again.",
            code="pack-invalid",
        )
    return Scatter(
        settings=values[: count * count].reshape(count, count), features=values[count * count :].reshape(SIZE, SIZE)
    )


def scatter_of(errors: npt.NDArray[np.float32], differences: npt.NDArray[np.float32]) -> Scatter:
    """Covariances of what was measured, drawn towards their diagonals so that they can be inverted.

    Args:
        errors: ``(n, len(SETTINGS))`` settings that the model said less the true ones.
        differences: ``(n, SIZE)`` features of one piece of a recording less those of another, both through the same
            strip.
    """
    reach = np.percentile(np.abs(differences), 99, axis=0)
    within = np.clip(differences, -reach, reach)

    def drawn(values: npt.NDArray[np.float32], least: float) -> npt.NDArray[np.float32]:
        whole = np.cov(values.T.astype(np.float64))
        return (0.7 * whole + 0.3 * np.diag(np.diag(whole)) + least * np.eye(whole.shape[0])).astype(np.float32)

    return Scatter(settings=drawn(errors, 1e-4), features=drawn(within, 1e-3))


def fitted(
    coded: Vector,
    *,
    heard: Vector,
    target: Vector,
    scatter: Scatter,
    listen: Callable[[Vector], Vector],
    probe: Callable[[Vector], Vector],
) -> tuple[Vector, Vector]:
    """The most probable settings, and the features of the sound behind them.

    Args:
        coded: settings as the model says them, ``(len(SETTINGS),)`` on 0..1.
        heard: features of the sound behind those settings.
        target: features of the reference, ``(SIZE,)``.
        scatter: of the model and of the features.
        listen: features of the sound behind other settings.
        probe: the same of a short excerpt, for the slopes; called on two threads at once.
    """
    feature_weight = np.linalg.inv(scatter.features.astype(np.float64))
    setting_weight = _PRIOR * np.linalg.inv(scatter.settings.astype(np.float64))
    limit = _LARGEST_SIGMAS * np.sqrt(np.diag(scatter.features).astype(np.float64))

    def left(features: Vector) -> Floats:
        return np.clip(target.astype(np.float64) - features, -limit, limit)

    def price(settings: Vector, features: Vector) -> float:
        away, off = settings.astype(np.float64) - coded, left(features)
        return float(off @ feature_weight @ off + away @ setting_weight @ away)

    slopes = _slopes(coded, probe)
    curvature = slopes.T @ feature_weight @ slopes + setting_weight
    step = np.linalg.solve(curvature, slopes.T @ feature_weight @ left(heard))
    worth = price(coded, heard)
    for share in _SHORTER:
        trial = np.clip(coded + share * step, 0.0, 1.0).astype(np.float32)
        behind = listen(trial)
        if price(trial, behind) < worth:
            return trial, behind
    return np.array(coded, dtype=np.float32), heard


def _slopes(coded: Vector, probe: Callable[[Vector], Vector]) -> Floats:
    """How each feature moves with each setting, ``(SIZE, len(SETTINGS))``."""
    nudges = [_NUDGE if value < 0.85 else -_NUDGE for value in coded]

    def tried(number: int) -> Vector:
        settings = np.array(coded, dtype=np.float32)
        if number >= 0:
            settings[number] += nudges[number]
        return probe(settings)

    home, *others = each(tried, iter(range(-1, coded.size)), threads=min(2, os.cpu_count() or 1))
    return np.stack([(other - home) / nudge for other, nudge in zip(others, nudges, strict=True)], axis=1).astype(
        np.float64
    )
