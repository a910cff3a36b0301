"""`contrafact-platform`: the reference service, with the verifier of exports and the demo catalogue wired in."""

from __future__ import annotations

from pathlib import Path

import resources
from studio.flows.verify import export_facts
from studio.platform.commands import build_app


def main() -> None:
    """Run the platform's command line."""
    build_app(verify_export=export_facts, catalogue_dir=Path(resources.__file__).parent / "catalogue")()
