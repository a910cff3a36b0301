"""The toolkit itself: a Qt binding that drops references of None aborts the program after some thousand paint calls."""

from __future__ import annotations

import sys

from PySide6.QtGui import QColor, QImage, QPainter

CALLS = 1000
# Other threads and the test runner hold and release None as well; the fault is one reference a call.
TOLERANCE = 50


def test_paint_calls_keep_the_references_of_none(qapp) -> None:
    image = QImage(8, 8, QImage.Format.Format_ARGB32)
    painter = QPainter(image)
    color = QColor("#C4F04D")
    before = sys.getrefcount(None)
    for _ in range(CALLS):
        painter.setPen(color)
    lost = before - sys.getrefcount(None)
    painter.end()
    assert abs(lost) < TOLERANCE
