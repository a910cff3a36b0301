"""The artist's view: terms as switches and limits, and shares over time."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

MILLION = 1_000_000

SWITCHES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("vocals", "Use vocals", ("stem:vocals",)),
    ("parts", "Use drums, bass, other", ("stem:drums", "stem:bass", "stem:other")),
    ("production", "Restyle the production", ("style:production", "style:timbre")),
    ("arrangement", "Restyle with new parts", ("style:arrangement",)),
    ("company", "Mix with other songs", ("mix_with_licensed", "mix_with_own")),
    ("export", "Export and publish remixes", ("export",)),
    ("stems", "Export stems to other programs", ("stem_export",)),
    ("train", "Train models", ("train",)),
)
"""Key, words, and the operations of the licence that each stands for."""

RESTYLE_VOCALS = "restyle:vocals"


def allowed(terms: Mapping[str, Any], operations: tuple[str, ...]) -> bool:
    """Whether all of these are permitted and none is denied."""
    permit, deny = set(terms.get("permit", ())), set(terms.get("deny", ()))
    return all(each in permit and each not in deny for each in operations)


def with_allowed(terms: Mapping[str, Any], operations: tuple[str, ...], on: bool) -> dict[str, Any]:
    """The terms with these operations permitted, or denied by name."""
    permit = [each for each in terms.get("permit", ()) if each not in operations]
    deny = [each for each in terms.get("deny", ()) if each not in operations]
    (permit if on else deny).extend(operations)
    return {**terms, "permit": permit, "deny": deny}


def restyles_vocals(terms: Mapping[str, Any]) -> bool:
    """Whether a style may change the voice."""
    return RESTYLE_VOCALS not in terms.get("deny", ())


def with_restyled_vocals(terms: Mapping[str, Any], on: bool) -> dict[str, Any]:
    """The terms with the voice open to styles, or not."""
    deny = [each for each in terms.get("deny", ()) if each != RESTYLE_VOCALS]
    return {**terms, "deny": deny if on else [*deny, RESTYLE_VOCALS]}


def with_range(terms: Mapping[str, Any], name: str, low: float, high: float) -> dict[str, Any]:
    """The terms with another limit on pitch (``pitch_semitones``) or tempo (``tempo_ratio``)."""
    constraints = {**terms.get("constraints", {}), name: [min(low, high), max(low, high)]}
    return {**terms, "constraints": constraints}


def with_floor(terms: Mapping[str, Any], ppm: int) -> dict[str, Any]:
    """The terms with another least share of the recording's side, in parts of a million."""
    return {**terms, "splits": {**terms.get("splits", {}), "master_floor_ppm": min(max(ppm, 0), MILLION)}}


def limits_of(terms: Mapping[str, Any], name: str, widest: tuple[float, float]) -> tuple[float, float]:
    """The limit of pitch or tempo; the widest where the terms have none."""
    found = terms.get("constraints", {}).get(name)
    return (float(found[0]), float(found[1])) if found else widest


def territory_words(terms: Mapping[str, Any]) -> str:
    """``SE, US and 31 more``, or everywhere."""
    places = terms.get("constraints", {}).get("territory")
    if places is None:
        return "Everywhere"
    if len(places) <= 3:
        return ", ".join(places) or "Nowhere"
    return f"{places[0]}, {places[1]} and {len(places) - 2} more"


def shares(ppm: int) -> str:
    """A sum of parts of a million of exports, exactly: ``412.906310``."""
    return f"{ppm // MILLION}.{ppm % MILLION:06d}"


def by_day(uses: list[Any], *, days: int, today: datetime.date) -> list[tuple[datetime.date, int, int]]:
    """Shares of the recording and of the song for each of the last `days` days, the oldest first."""
    sums = {today - datetime.timedelta(days=back): [0, 0] for back in range(days)}
    for use in uses:
        try:
            day = datetime.date.fromisoformat(use.at[:10])
        except ValueError:
            continue
        if day in sums:
            sums[day][0] += use.master_ppm
            sums[day][1] += use.publishing_ppm
    return [(day, *sums[day]) for day in sorted(sums)]  # type: ignore[misc]
