"""What the program is, who made what in it, and under which licences."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

import onnx_models
import resources
from ui.viewmodels.workspace import Workspace
from ui.widgets.label import Text, label, separator
from ui.widgets.sheet import Sheet

LIBRARIES = (
    "PySide6-Essentials",
    "PySide6",
    "numpy",
    "numba",
    "onnxruntime",
    "onnxruntime-gpu",
    "soundfile",
    "sounddevice",
    "soxr",
    "pyqtgraph",
    "msgspec",
    "httpx",
    "starlette",
    "SQLAlchemy",
    "cryptography",
    "c2pa-python",
    "typer",
    "pedalboard",
    "mido",
    "python-rtmidi",
)
ASSETS = (
    ("Inter", "The typeface, by Rasmus Andersson", "SIL Open Font License 1.1"),
    ("Lucide", "The icons, by the Lucide contributors", "ISC"),
)


def library_lines() -> list[tuple[str, str]]:
    """Name with version, and licence, of each library that is installed."""
    found: list[tuple[str, str]] = []
    for name in LIBRARIES:
        try:
            facts: Any = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue
        licence = facts.get("License-Expression") or _short(facts.get("License") or "") or _classified(facts)
        found.append((f"{facts['Name']} {facts['Version']}", licence or "see its package"))
    return found


def _short(text: str) -> str:
    """A licence's name; packages that put its whole text there are left to their classifiers."""
    return text.strip() if 0 < len(text.strip()) <= 60 and "\n" not in text.strip() else ""


def _classified(facts: Any) -> str:
    names = [
        each.rsplit("::", 1)[-1].strip() for each in facts.get_all("Classifier") or () if each.startswith("License")
    ]
    return ", ".join(names)


def attribution_lines() -> list[str]:
    """Those whose sounds the models and the instruments learnt from or are made of, as their files say."""
    found: list[str] = []
    folders = [Path(str(module.__file__)).parent for module in (resources, onnx_models)]
    for path in sorted(each for folder in folders for each in folder.rglob("*.json") if each.name in _NAMED):
        try:
            document = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        for line in _attributions(document):
            if line not in found:
                found.append(line)
    return found


_FIELDS = ("text", "title", "name", "artist", "changes")
_NAMED = {"meta.json", "pack.json", "attributions.json", "attribution.json", "statement.json", "instrument.json"}


def _attributions(document: Any) -> list[str]:
    given = (
        document.get("attributions") if isinstance(document, dict) else document if isinstance(document, list) else []
    )
    lines: list[str] = []
    for each in given if isinstance(given, list) else ():
        if isinstance(each, str):
            lines.append(each)
        elif isinstance(each, dict):
            parts = [
                str(each[key])
                for key in ("title", "name", "author", "by", "licence", "license", "url")
                if each.get(key)
            ]
            lines.append(", ".join(parts))
    return [line for line in lines if line]


class AboutSheet(Sheet):
    """Version, libraries, typeface, icons, sounds."""

    def __init__(self, ws: Workspace, host: QWidget):
        version = _version()
        super().__init__(
            ws.theme,
            host,
            title="Contrafact",
            subtitle=f"Version {version}. A desktop studio for licensed remixing.",
            size=QSize(680, 620),
            icon=("info", "accent"),
            foot=False,
        )
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(24, 16, 24, 20)
        column.setSpacing(4)
        theme = ws.theme

        def part(title: str) -> None:
            if column.count():
                column.addSpacing(10)
                column.addWidget(separator(theme))
                column.addSpacing(6)
            column.addWidget(Text(theme, title, weight="semibold"))
            column.addSpacing(4)

        part("Typeface and icons")
        for name, what, licence in ASSETS:
            column.addWidget(label(f"{name}: {what}. {licence}.", wrap=True))
        part("Libraries")
        for name, licence in library_lines():
            column.addWidget(label(f"{name}: {licence}", wrap=True))
        credits_of = attribution_lines()
        if credits_of:
            part("Sounds that models and instruments are made of")
            for line in credits_of:
                column.addWidget(label(line, "muted", wrap=True))
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setAccessibleName("Licences and attributions")
        scroll.setWidget(content)
        self.body.addWidget(scroll)


def _version() -> str:
    try:
        return metadata.version("contrafact")
    except metadata.PackageNotFoundError:
        return "from source"
