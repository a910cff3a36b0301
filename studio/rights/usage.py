"""What is asked of the policy: plain values that say how a project uses its sources."""

from __future__ import annotations

from typing import Literal

import msgspec

from studio.rights.grants import Destination, Format

UsedStem = Literal["mix", "vocals", "drums", "bass", "other"]
"""What is heard of a recording: one of its stems, or the recording as a whole."""


class OperationUse(msgspec.Struct, frozen=True, order=True):
    """One operation of the grants' vocabulary, and the stem that it was done to.

    `stem` is needed for ``style:*``; ``mix`` (or None) there means that the whole recording was restyled, which touches
    every stem.
    """

    operation: str
    stem: UsedStem | None = None


class SourceUse(msgspec.Struct, frozen=True, kw_only=True):
    """How the audible clips of one licensed recording, and all that was made from it, are used."""

    asset_sha256: str
    title: str = ""
    stems: frozenset[UsedStem] = frozenset()
    operations: frozenset[OperationUse] = frozenset()
    """Beyond those that follow from the other fields (``play``, ``stem:*``, ``pitch_shift``, ``time_stretch``,
    ``mix_with_*``, ``export``)."""
    semitones: tuple[float, float] = (0.0, 0.0)
    """The lowest and the highest transposition of any of its clips."""
    tempo_ratio: tuple[float, float] = (1.0, 1.0)
    """The slowest and the fastest speed of any of its clips; 2.0 is twice as fast."""
    voice_models: frozenset[str] = frozenset()


class ExportUse(msgspec.Struct, frozen=True, kw_only=True):
    """The file that is to leave the studio. `bits` is None where the format has none (mp3)."""

    format: Format
    rate: int
    bits: int | None = None
    destination: Destination = "platform"
    stems: bool = False
    """True when licensed stems leave as files of their own (``stem_export``)."""


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """All that one decision is about: the licensed sources in use, whether own material is mixed in, and the export if
    there is one."""

    sources: tuple[SourceUse, ...] = ()
    own_material: bool = False
    export: ExportUse | None = None
