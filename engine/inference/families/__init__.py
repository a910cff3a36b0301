"""The families of separation graphs: one module for each way of running one, behind `protocol.Family`."""

from __future__ import annotations

from collections.abc import Callable

from engine.inference.families.htdemucs import HtDemucs, HtDemucsCore, HtDemucsOpenVino
from engine.inference.families.mdx23c import Mdx23c
from engine.inference.families.open_unmix import OpenUnmix, Spleeter
from engine.inference.families.protocol import Call, Family, Plan, Track
from engine.inference.families.roformer import RoFormer
from engine.inference.families.spectral import SpectralMasks, SpectralStems
from engine.inference.families.uvr_mdx import UvrMdx
from engine.inference.packs import Pack

_ONE: dict[str, Callable[[Pack, Call, Track], Family]] = {
    "spectral-stems": SpectralStems,
    "spectral-masks": SpectralMasks,
    "uvr-mdx": UvrMdx,
    "mdx23c": Mdx23c,
    "htdemucs": HtDemucs,
    "htdemucs-core": HtDemucsCore,
    "htdemucs-openvino": HtDemucsOpenVino,
    "roformer": RoFormer,
}
_MANY: dict[str, Callable[[Pack, dict[str, Call], Track], Family]] = {"open-unmix": OpenUnmix, "spleeter": Spleeter}

MANY_GRAPHS = frozenset(_MANY)
"""Families with a graph for each stem."""


def family_of(pack: Pack, calls: dict[str, Call], track: Track) -> Family:
    """The family that a separation pack names, made for one track.

    Args:
        pack: of the kind ``separation``.
        calls: its graphs by stem; under ``""`` the one of a family that has but one.

    Raises:
        PackError: model-unsuitable where the pack's numbers do not fit its family.
    """
    if pack.family in _MANY:
        return _MANY[pack.family](pack, calls, track)
    return _ONE[pack.family](pack, calls[""], track)


__all__ = ["MANY_GRAPHS", "Call", "Family", "Plan", "Track", "family_of"]
