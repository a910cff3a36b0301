"""Writes the page that lists the songs of the catalogue with every source that must be named."""

from __future__ import annotations

import json
from pathlib import Path

from resources.catalogue.recipe.credits import MODULES, TERMS

_HEAD = """# The demo catalogue

Songs of the project's own, written, played and mixed by the recipe in `recipe/` from notes and the project's sample
kit. Artists, labels, writers and numbers (ISRC, ISWC, IPI, ISNI, DPID) are made up; the numbers are well-formed and
belong to nobody. Each folder holds the mix, the true stems, `meta.json` (credits, form, sources) and `terms.json` (what
the made-up rightsholder allows). Stems sum to the mix up to the codec's noise; a song without a voice
has no vocals file.

    python -m resources.catalogue.recipe --samples DIR            renders everything again
    python -m resources.catalogue.recipe --samples DIR --check    renders aside and compares with digests.json

The recipe needs the `train` extra (WORLD, for the sung voice). With the same versions of numpy, scipy, soxr, numba,
libsndfile and WORLD it gives the same bytes.

The music and words are under the project's licence (Apache-2.0); the recordings in it keep the licences named below.
"""


def write_readme(out: Path) -> None:
    """Write `README.md` from the songs' `meta.json` under `out`."""
    lines = [_HEAD]
    metas = [
        json.loads((out / song / "meta.json").read_text(encoding="utf-8")) for song in MODULES if (out / song).exists()
    ]
    for meta in sorted(metas, key=lambda m: m["order"]):
        terms = TERMS[meta["id"]]
        limits = terms["constraints"]
        lines += [
            f"## {meta['title']} ({', '.join(meta['artists'])})",
            "",
            f"`{meta['id']}`: {meta['style']}, {meta['key']}, {meta['tempo_bpm']:g} BPM, {meta['duration_s']:.0f} s. "
            f"{meta['description']}",
            "",
            f"Terms: denies {', '.join(terms['deny'])}; pitch {limits['pitch_semitones']} semitones, tempo x "
            f"{limits['tempo_ratio']}; exports as {', '.join(terms['export']['formats'])}.",
            "",
            "Recordings used:",
            "",
            *[
                f"- {a['text']}. {a['source']}. Licence: {a['licence']}. Changes: {a['changes']}."
                for a in meta["attributions"]
            ],
            "",
        ]
    (out / "README.md").write_text("\n".join(lines), encoding="utf-8")
