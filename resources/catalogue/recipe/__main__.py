"""`python -m resources.catalogue.recipe --samples DIR --out DIR [--only ID] [--check]`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from resources.catalogue.recipe.credits import MODULES
from resources.catalogue.recipe.press import digests, press
from resources.catalogue.recipe.readme import write_readme

_HOME = Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description="Render the demo catalogue from notes and the sample kit.")
    parser.add_argument("--samples", type=Path, required=True, help="folder of the sample kit (with samples.csv)")
    parser.add_argument("--out", type=Path, default=_HOME, help="where the songs go (default: the catalogue itself)")
    parser.add_argument("--only", choices=sorted(MODULES), action="append", help="render this song alone")
    parser.add_argument("--check", action="store_true", help="render aside and compare with the recorded digests")
    args = parser.parse_args()
    songs = args.only or sorted(MODULES)
    if args.check:
        with tempfile.TemporaryDirectory() as folder:
            return _check(songs, args.samples, Path(folder))
    for song in songs:
        figures = press(song, args.samples, args.out)
        print(f"{song}: {json.dumps(figures)}", flush=True)
    record = args.out / "digests.json"
    record.write_text(json.dumps(digests(args.out), indent=1) + "\n", encoding="utf-8")
    write_readme(args.out)
    return 0


def _check(songs: list[str], samples: Path, folder: Path) -> int:
    recorded: dict[str, str] = json.loads((_HOME / "digests.json").read_text(encoding="utf-8"))
    for song in songs:
        press(song, samples, folder)
    found = digests(folder)
    wrong = 0
    for name, digest in sorted(recorded.items()):
        if name.split("/")[0] in songs:
            same = found.get(name) == digest
            wrong += not same
            print(f"{'same     ' if same else 'DIFFERENT'} {name}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
