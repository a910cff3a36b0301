"""The clauses of a grant: the stable id that programs use, and the number that a person reads ("clause 4.2")."""

from __future__ import annotations

_NUMBERS: dict[str, str] = {
    # 1: whose licence it is, and where it holds
    "grant": "1",
    "subject": "1.1",
    "device_keys": "1.2",
    "resource.asset_sha256": "1.3",
    "constraints.territory": "1.4",
    # 2: when it holds
    "constraints.not_before": "2.1",
    "constraints.not_after": "2.2",
    "offline.lease_s": "2.3",
    "rev": "2.4",
    "revocation": "2.5",
    "clock": "2.6",
    # 3: using the recording
    "permit.play": "3.1",
    "permit.stem": "3.2",
    "permit.pitch_shift": "3.3",
    "constraints.pitch_semitones": "3.3",
    "permit.time_stretch": "3.4",
    "constraints.tempo_ratio": "3.4",
    "permit.mix_with_licensed": "3.5",
    "permit.mix_with_own": "3.6",
    # 4: making something new from it
    "permit.style": "4.1",
    "deny.restyle": "4.2",
    "voice.model_ids": "4.3",
    "deny.voice_clone": "4.3",
    "permit.train": "4.4",
    "operation": "4.5",
    # 5: what leaves the studio
    "permit.export": "5.1",
    "export.formats": "5.2",
    "export.max_sr": "5.3",
    "export.max_bits": "5.4",
    "export.destinations": "5.5",
    "offline.max_exports": "5.6",
    "permit.stem_export": "5.7",
    # 6: who is paid
    "splits.master_floor_ppm": "6.1",
}


def number(clause: str) -> str:
    """The number of a clause: ``deny.restyle:vocals`` -> ``4.2``. A denied word has the number of the same word
    permitted."""
    head = clause.split(":", 1)[0]
    if head.startswith("deny.") and head not in _NUMBERS:
        head = "permit." + head.removeprefix("deny.")
    return _NUMBERS[head]
