"""Processes that train one network together."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra (torch)")

from onnx_models.training.separation.mixing import Mixtures  # noqa: E402
from onnx_models.training.separation.team import Team, together  # noqa: E402


def learn(folder: Path, team: Team) -> None:
    """One gradient of a layer on data of this member's own, averaged and written."""
    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 2)
    layer(torch.full((1, 3), float(team.rank + 1))).sum().backward()
    said = team.average(layer, 0.25 if team.rank == 0 else 99.0)
    torch.save((layer.weight.grad, layer.bias.grad, said), folder / f"{team.rank}.pt")


def fail(team: Team) -> None:
    if team.rank == 1:
        raise SystemExit(3)


def test_a_team_has_the_mean_of_its_gradients_and_its_leaders_word(tmp_path: Path) -> None:
    together(partial(learn, tmp_path), 2)
    held = [torch.load(tmp_path / f"{rank}.pt") for rank in range(2)]
    for weight, bias, said in held:
        assert torch.allclose(weight, torch.full((2, 3), 1.5))
        assert torch.allclose(bias, torch.ones(2))
        assert said == pytest.approx(0.25)


def test_one_alone_needs_no_team(tmp_path: Path) -> None:
    together(partial(learn, tmp_path), 1)
    weight, _, said = torch.load(tmp_path / "0.pt")
    assert torch.allclose(weight, torch.ones(2, 3))
    assert said == 0.25


def test_a_member_that_fails_is_told() -> None:
    with pytest.raises(RuntimeError, match="process of the team"):
        together(fail, 2)


def test_nobody_is_no_team(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one process at least"):
        together(partial(learn, tmp_path), 0)


def test_a_member_needs_a_meeting() -> None:
    with pytest.raises(ValueError, match="file to meet"):
        Team(0, 2)


def test_members_hear_other_batches_and_all_of_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    heard: list[int] = []

    class Numbers:
        def __init__(self, *_: object, **__: object) -> None: ...

        def example(self, index: int) -> tuple[object, ...]:
            import numpy as np

            heard.append(index)
            return (np.zeros(1, np.float32),)

    monkeypatch.setattr("onnx_models.training.separation.mixing.Mixer", Numbers)
    for rank in range(2):
        batches = iter(Mixtures(tmp_path, seed=1, batch=2, first=10, part=(rank, 2)))
        for _ in range(2):
            next(batches)
    assert sorted(heard) == list(range(20, 28))
