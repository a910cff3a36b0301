"""Checkpoints of training: read, and refused with a reason where they are none."""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch


def read(path: Path, *, device: str = "cpu") -> dict[str, Any]:
    """What a checkpoint holds: `model` (``default`` where it does not say), `settings`, `average` and more. Nothing in
    the file is run.

    Raises:
        ValueError: there is no such file, it is no checkpoint, or not one of these networks.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from error
    except (RuntimeError, EOFError, UnpicklingError, KeyError, ValueError) as error:
        raise ValueError(f"{path} is no checkpoint") from error
    if not isinstance(state, dict) or not {"average", "settings"} <= state.keys():
        raise ValueError(f"{path} is a checkpoint of something else")
    return state


def write(state: dict[str, Any], path: Path) -> None:
    """Write a checkpoint; its folder is made.

    Raises:
        ValueError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, path)
    except (OSError, RuntimeError) as error:
        raise ValueError(f"{path} cannot be written: {error}") from error
