"""Dividing whole numbers fairly: largest remainder, and floors. Exact integers, the same on every machine."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from studio.base.errors import RightsError
from studio.rights.grants import MILLION


def allocate(pool: int, weights: Mapping[str, int | Fraction]) -> dict[str, int]:
    """Divide `pool` (ppm, or money in micro-units) in proportion to non-negative weights by largest remainder.

    The parts sum to `pool` exactly; equal remainders go by id. Weights that are all 0 count as equal.

    Raises:
        RightsError: `shares-invalid` for a negative pool or weight, or when there is nobody to give to.
    """
    if pool < 0 or any(weight < 0 for weight in weights.values()):
        raise invalid("a share cannot be negative")
    if not weights:
        raise invalid("there is nobody to divide it among")
    exact = {name: Fraction(weight) for name, weight in weights.items()}
    total = sum(exact.values())
    if total == 0:
        exact = dict.fromkeys(exact, Fraction(1))
        total = Fraction(len(exact))
    quotas = {name: weight * pool / total for name, weight in exact.items()}
    parts = {name: int(quota) for name, quota in quotas.items()}
    left = pool - sum(parts.values())
    for name in sorted(quotas, key=lambda each: (parts[each] - quotas[each], each))[:left]:
        parts[name] += 1
    return parts


def with_floors(weights: Mapping[str, int | Fraction], floors: Mapping[str, int]) -> dict[str, int]:
    """Divide 1,000,000 ppm in proportion to `weights`, raising each name in `floors` to its floor at least.

    Who is above their floor shares what is left in proportion, which may bring others to their floor, until all hold.

    Raises:
        RightsError: `floors-exceed` if the floors sum to more than 1,000,000.
    """
    if sum(floors.values()) > MILLION:
        percent = sum(floors.values()) / 10_000
        raise RightsError(
            f"The licences of these recordings ask for {percent:.1f} % of the recording's side together, "
            "which is more than there is.",
            remedy="Remove one of the recordings, or ask a rightsholder for a lower share.",
            code="floors-exceed",
            details={"floors_ppm": dict(sorted(floors.items()))},
        )
    names = sorted({*weights, *floors})
    fixed: dict[str, int] = {}
    while True:
        rest = MILLION - sum(fixed.values())
        free = [name for name in names if name not in fixed]
        total = sum((Fraction(weights.get(name, 0)) for name in free), Fraction(0))
        if total == 0:
            break
        short = [name for name in free if Fraction(weights.get(name, 0)) * rest < floors.get(name, 0) * total]
        if not short:
            break
        fixed.update({name: floors[name] for name in short})
    if total > 0:
        return {**fixed, **allocate(rest, {name: weights.get(name, 0) for name in free})}
    # Nobody is heard enough to share by: the floors stand, and what they leave is divided as they are.
    extra = allocate(MILLION - sum(floors.values()), floors or dict.fromkeys(names, 0))
    return {name: floors.get(name, 0) + extra.get(name, 0) for name in names}


def invalid(problem: str) -> RightsError:
    """The error for numbers that no share can be made of."""
    return RightsError(
        f"The shares cannot be worked out: {problem}.",
        remedy="Render the project again; if it stays, tell us, since this is a fault of the studio.",
        code="shares-invalid",
        details={"problem": problem},
    )
