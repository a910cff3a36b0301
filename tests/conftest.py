"""Fixtures that every test may use."""

from __future__ import annotations

from pathlib import Path

import engine as engine  # isort: skip  # sets up the process before NumPy is imported
import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is, not whether the program is right.
settings.register_profile("contrafact", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("contrafact")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recordings and samples beside the repository; the test is skipped where there is none."""
    if not SHARED.is_dir():
        pytest.skip("the shared recordings are not beside this repository")
    return SHARED


@pytest.fixture
def rng() -> np.random.Generator:
    """A random generator with a fixed seed."""
    return np.random.default_rng(20240501)
