"""Pictures of the real program: ``python -m tests.ui.screenshots --out docs/screenshots``.

Drives the real window with a real session in a temporary home, at 1440 x 900, through first run, the demo song, stems,
a restyle, review, export and verify.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/screenshots"))
    parser.add_argument("--styles", nargs="*", default=["bossa", "dub"])
    parser.add_argument("--whole", action="store_true", help="whole songs instead of a few bars of each")
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    # Here and not above: worker processes import this module again, and they need no Qt.
    from tests.ui.tour import run

    run(arguments.out, arguments.styles, whole=arguments.whole)
    return 0


if __name__ == "__main__":
    sys.exit(main())
