"""End-to-end fixtures: a home of its own, the command line as a person uses it, and the demo run once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

RATE = 44_100


PATIENCE_S = 900
"""A hang ends here; whole jobs on a machine with other work take minutes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole jobs have longer than the parts."""
    for item in items:
        if item.path.parent == Path(__file__).parent and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(PATIENCE_S))


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Path:
    """A home for settings, library and keys, shared by the tests of this run."""
    folder = tmp_path_factory.mktemp("home")
    os.environ["CONTRAFACT_KEYSTORE"] = "file"
    return folder


@pytest.fixture
def cli(home, capfd) -> Callable[..., Answer]:
    """Run a command of `contrafact` in this process, in `home` unless another one is given."""
    from studio.cli.main import main

    def run(*words: object, home: Path = home) -> Answer:
        capfd.readouterr()
        os.environ["CONTRAFACT_HOME"] = str(home)
        try:
            code = main([str(word) for word in words])
        finally:
            del os.environ["CONTRAFACT_HOME"]
        said = capfd.readouterr()
        return Answer(code, said.out, said.err)

    return run


@pytest.fixture(scope="session")
def song(tmp_path_factory) -> Path:
    """A short song of one's own: kick, bass, chords and a voice-like lead at 100 BPM, 12 s stereo WAV."""
    rng = np.random.default_rng(7)
    seconds, bpm = 12, 100.0
    time_s = np.arange(seconds * RATE) / RATE
    beat_s = 60.0 / bpm
    phase = time_s % beat_s
    kick = np.sin(2 * np.pi * (50 * phase + 8 * (1 - np.exp(-30 * phase)))) * np.exp(-9 * phase)
    hat = rng.standard_normal(time_s.size) * np.exp(-60 * (time_s % (beat_s / 2))) * 0.12
    roots = np.array([110.0, 87.31, 130.81, 98.0])[(time_s // (4 * beat_s)).astype(int) % 4]
    cycle = np.cumsum(roots) / RATE
    bass = 0.35 * np.sign(np.sin(2 * np.pi * cycle / 2)) * np.exp(-2 * phase)
    chords = sum(0.08 * np.sin(2 * np.pi * cycle * ratio) for ratio in (2.0, 2.5, 3.0))
    lead = (
        0.2
        * np.sin(2 * np.pi * (4 * cycle + 0.02 * np.sin(2 * np.pi * 5.5 * time_s)))
        * (np.sin(np.pi * time_s / seconds) ** 2)
    )
    left, right = 0.5 * kick + hat + bass + chords + lead, 0.5 * kick - hat + bass + 0.9 * chords + lead
    path = tmp_path_factory.mktemp("song") / "my song.wav"
    soundfile.write(path, 0.5 * np.stack([left, right], axis=1), RATE, subtype="PCM_16")
    return path
