"""The values of a decision: who asks, what was decided, why, and what a button can do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

FixKind = Literal[
    "get_grant",
    "renew_grant",
    "sign_in",
    "set_territory",
    "set_semitones",
    "set_tempo_ratio",
    "remove_operation",
    "remove_stem",
    "remove_source",
    "remove_own_material",
    "remove_voice_model",
    "change_format",
    "change_rate",
    "change_bits",
    "change_destination",
    "bounce_without_stems",
]


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, where and when. `now` is effective time (`studio.base.clock.Clock`), seconds since 1970."""

    now: float
    user: str
    """The account's subject, ``user:<id>``."""
    device: str | None = None
    """`DeviceIdentity.device_id`."""
    territory: str | None = None
    """The country of the settings, ISO 3166-1 alpha-2; never taken from the locale. None is unknown."""
    exports_used: Mapping[str, int] = {}
    """grant_id -> exports made since the grant's `issued_at`."""
    revoked: frozenset[str] = frozenset()
    """Ids of grants that the platform has revoked."""
    revisions: Mapping[str, int] = {}
    """grant_id -> the newest revision that this installation has seen; an older one no longer counts."""
    clock_ok: bool = True
    """False once the wall clock was turned back (`Clock.ok`)."""


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """What a button can do about a denial: `label` is its text, `value` the nearest allowed value where there is
    one."""

    kind: FixKind
    label: str
    asset_sha256: str | None = None
    operation: str | None = None
    stem: str | None = None
    value: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    choice: str | None = None
    """The nearest allowed word: a format, a destination."""


class Denial(msgspec.Struct, frozen=True, kw_only=True):
    """One reason why not: the clause, in plain words, and what to do about it."""

    clause: str
    number: str
    asset_sha256: str | None
    title: str
    why: str
    remedy: str
    fix: Fix | None = None


class Verdict(msgspec.Struct, frozen=True):
    """Allowed, or all the reasons why not, the gravest first."""

    allowed: bool
    denials: tuple[Denial, ...] = ()

    @property
    def clause(self) -> str | None:
        """The clause of the first denial."""
        return self.denials[0].clause if self.denials else None

    @property
    def why(self) -> str:
        """The reason of the first denial, or nothing."""
        return self.denials[0].why if self.denials else ""

    @property
    def remedy(self) -> str:
        """What to do about the first denial, or nothing."""
        return self.denials[0].remedy if self.denials else ""
