"""The fonts that the program ships (Inter, SIL Open Font License)."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QFontDatabase

FONTS_DIR = Path(__file__).resolve().parents[2] / "resources" / "fonts"


def load_fonts(folder: Path = FONTS_DIR) -> list[str]:
    """Register every OTF in `folder` with Qt and return the families; needs a QGuiApplication."""
    families: list[str] = []
    for path in sorted(folder.glob("*.otf")):
        identifier = QFontDatabase.addApplicationFont(str(path))
        families.extend(QFontDatabase.applicationFontFamilies(identifier))
    return families
