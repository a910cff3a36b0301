"""Credits and licence terms of the songs. Every name and number is made up; the numbers are well-formed."""

from __future__ import annotations

from typing import Any

from resources.catalogue.recipe.identifiers import dpid, ipi, isni, isrc, iswc

_REGISTRANT = "QZCF1"
_ALL_OPERATIONS = [
    "play",
    "stem:vocals",
    "stem:drums",
    "stem:bass",
    "stem:other",
    "time_stretch",
    "pitch_shift",
    "style:timbre",
    "style:production",
    "style:arrangement",
    "mix_with_licensed",
    "mix_with_own",
    "export",
]
_EUROPE = [
    "AT",
    "BE",
    "CH",
    "CZ",
    "DE",
    "DK",
    "EE",
    "ES",
    "FI",
    "FR",
    "GB",
    "IE",
    "IS",
    "IT",
    "LT",
    "LU",
    "LV",
    "NL",
    "NO",
    "PL",
    "PT",
    "SE",
]
_WORLD = [
    *_EUROPE,
    "AR",
    "AU",
    "BR",
    "CA",
    "CL",
    "CO",
    "GR",
    "HU",
    "IN",
    "JP",
    "KR",
    "MX",
    "NZ",
    "RO",
    "SG",
    "SI",
    "SK",
    "TR",
    "TW",
    "UA",
    "US",
    "ZA",
]


def _writer(name: str, number: int, share_ppm: int) -> dict[str, Any]:
    return {"name": name, "ipi": ipi(number), "share_ppm": share_ppm}


def _performer(name: str, role: str, number: int) -> dict[str, str]:
    return {"name": name, "role": role, "isni": isni(number)}


def _terms(
    *,
    permit: list[str],
    deny: list[str],
    territory: list[str],
    pitch: tuple[int, int],
    tempo: tuple[float, float],
    formats: list[str],
    exports: int,
    floor: int,
    max_sr: int = 48000,
    max_bits: int = 24,
    destinations: tuple[str, ...] = ("platform", "local_preview"),
) -> dict[str, Any]:
    return {
        "schema": "terms/1",
        "permit": permit,
        "deny": deny,
        "constraints": {
            "territory": sorted(territory),
            "not_after": None,
            "pitch_semitones": list(pitch),
            "tempo_ratio": list(tempo),
        },
        "offline": {"lease_s": 604800, "max_exports": exports},
        "export": {"formats": formats, "max_sr": max_sr, "max_bits": max_bits, "destinations": list(destinations)},
        "voice": {"model_ids": [], "consent_id": None},
        "splits": {"master_floor_ppm": floor, "publishing_pool_ppm": 500000},
        "revocation": {"on_revoke": "block_new_exports"},
    }


META: dict[str, dict[str, Any]] = {
    "paper-lanterns": {
        "order": 1,
        "title": "Paper Lanterns",
        "artists": ["Mira Solvang"],
        "isrc": isrc(_REGISTRANT, 2026, 1),
        "key": "D major",
        "works": [
            {
                "iswc": iswc(910400101),
                "title": "Paper Lanterns",
                "writers": [_writer("Mira Solvang", 700410221, 450000), _writer("Tobias Ekdal", 700410338, 250000)],
                "publishers": [_writer("Hearthlight Songs", 700510064, 300000)],
                "pub_weight_by_stem": {"vocals": 1.0, "drums": 0.15, "bass": 0.35, "other": 0.6},
            }
        ],
        "master_owners": [{"name": "Northwater Recordings", "dpid": dpid(2026110101), "share_ppm": 1000000}],
        "performers": [
            _performer("Mira Solvang", "lead and backing vocals", 501200000000101),
            _performer("Tobias Ekdal", "piano, guitar", 501200000000102),
            _performer("The Lantern Session Players", "bass, drums, strings", 501200000000103),
        ],
        "artwork": {"from": "#f2a65a", "to": "#58355e"},
        "year": 2026,
        "label": "Northwater Recordings",
        "style": "indie pop ballad",
        "description": "A sung ballad with piano, strings and a last chorus that opens up. The voice may be cut and "
        "mixed, never restyled.",
        "lyrics": [
            "Paper lanterns on the water, every one a little wish,",
            "if the morning finds us sleeping, let the river do the rest.",
            "Oh, float away, float away home, all of the light that we own,",
            "oh, carry me, carry me on, to where the river is gone.",
            "Now the town is only embers and I know you by your name.",
            "Stay a little while, stay a little while.",
        ],
    },
    "night-ferry": {
        "order": 2,
        "title": "Night Ferry",
        "artists": ["Kaskad Nine"],
        "isrc": isrc(_REGISTRANT, 2026, 2),
        "key": "F# minor",
        "works": [
            {
                "iswc": iswc(910400202),
                "title": "Night Ferry",
                "writers": [_writer("Ilse Varga", 700420115, 500000), _writer("Dov Lindqvist", 700420223, 500000)],
                "publishers": [],
                "pub_weight_by_stem": {"vocals": 1.0, "drums": 0.35, "bass": 0.7, "other": 1.0},
            }
        ],
        "master_owners": [
            {"name": "Kaskad Nine", "dpid": dpid(2026110202), "share_ppm": 600000},
            {"name": "Pier Eleven Music", "dpid": dpid(2026110203), "share_ppm": 400000},
        ],
        "performers": [
            _performer("Ilse Varga", "keyboards, programming", 501200000000201),
            _performer("Dov Lindqvist", "bass, guitar, percussion", 501200000000202),
        ],
        "artwork": {"from": "#0fb5ba", "to": "#1b1464"},
        "year": 2026,
        "label": "Pier Eleven Music",
        "style": "nu-disco house",
        "description": "Instrumental house for a late crossing. Open terms: every operation, wide pitch and tempo.",
    },
    "slow-rain": {
        "order": 3,
        "title": "Slow Rain on Rua Sete",
        "artists": ["Trio Varanda", "Noor Achterberg"],
        "isrc": isrc(_REGISTRANT, 2026, 3),
        "key": "F major",
        "works": [
            {
                "iswc": iswc(910400303),
                "title": "Slow Rain on Rua Sete",
                "writers": [_writer("Caetana Prado", 700430417, 400000), _writer("Noor Achterberg", 700430512, 200000)],
                "publishers": [
                    _writer("Rua Sete Edicoes", 700530021, 250000),
                    _writer("Lowland Music Publishing", 700530118, 150000),
                ],
                "pub_weight_by_stem": {"vocals": 1.0, "drums": 0.1, "bass": 0.4, "other": 1.0},
            }
        ],
        "master_owners": [{"name": "Varanda Discos", "dpid": dpid(2026110304), "share_ppm": 1000000}],
        "performers": [
            _performer("Caetana Prado", "guitar", 501200000000301),
            _performer("Noor Achterberg", "flute", 501200000000302),
            _performer("Trio Varanda", "saxophone, bass, drums", 501200000000303),
        ],
        "artwork": {"from": "#7fb069", "to": "#22577a"},
        "year": 2026,
        "label": "Varanda Discos",
        "style": "bossa nova",
        "description": "An instrumental bossa for flute and tenor saxophone. Narrow terms: small changes of pitch and "
        "tempo, no new arrangement, MP3 and FLAC only.",
    },
}

TERMS: dict[str, dict[str, Any]] = {
    "paper-lanterns": _terms(
        permit=_ALL_OPERATIONS,
        deny=["restyle:vocals", "voice_clone", "train", "stem_export"],
        territory=_WORLD,
        pitch=(-5, 5),
        tempo=(0.8, 1.25),
        formats=["wav", "flac", "mp3"],
        exports=10,
        floor=120000,
    ),
    "night-ferry": _terms(
        permit=_ALL_OPERATIONS,
        deny=["voice_clone", "train", "stem_export"],
        territory=_WORLD,
        pitch=(-12, 12),
        tempo=(0.6, 1.6),
        formats=["wav", "flac", "mp3"],
        exports=100,
        floor=50000,
    ),
    "slow-rain": _terms(
        permit=[
            word for word in _ALL_OPERATIONS if word not in ("style:arrangement", "style:timbre", "mix_with_licensed")
        ],
        deny=["voice_clone", "train", "stem_export", "style:arrangement"],
        territory=_EUROPE,
        pitch=(-2, 2),
        tempo=(0.95, 1.05),
        formats=["mp3", "flac"],
        exports=3,
        floor=300000,
        max_sr=44100,
        max_bits=16,
    ),
}

MODULES: dict[str, str] = {
    "paper-lanterns": "paper_lanterns",
    "night-ferry": "night_ferry",
    "slow-rain": "slow_rain",
}
"""Song id to the module that writes and plays it."""
