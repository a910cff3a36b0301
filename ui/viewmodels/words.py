"""Numbers as a musician reads them."""

from __future__ import annotations

import datetime
import math
import re
from pathlib import Path

MINUS = "−"
FADE_CURVES = (("linear", "Straight"), ("equal_power", "Equal power"), ("s_curve", "S-curve"))
"""The shapes of a fade and what they are called."""
COLOUR_TITLES = {"vocals": "Amber", "drums": "Blue", "bass": "Green", "other": "Pink", "mix": "Grey"}
"""What the colours of the roles are called."""
_FLATS = {"Db": "C♯", "Eb": "E♭", "Gb": "F♯", "Ab": "A♭", "Bb": "B♭"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_KEY = re.compile(r"^\s*([A-Ga-g])\s*([#♯b♭]?)\s*(m|min|minor|maj|major)?\s*$")


def clock(seconds: float, *, hundredths: bool = True) -> str:
    """``0:33.48``, or ``3:31`` without hundredths."""
    seconds = max(seconds, 0.0)
    if hundredths:
        total = round(seconds * 100)
        return f"{total // 6000}:{total // 100 % 60:02d}.{total % 100:02d}"
    total = round(seconds)
    hours, rest = divmod(total, 3600)
    if hours:
        return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
    return f"{rest // 60}:{rest % 60:02d}"


def decibels(value: float, *, unit: bool = True, plus: bool = False) -> str:
    """``−1.5 dB``; −96 and below is silence."""
    if not math.isfinite(value) or value <= -96.0:
        return f"{MINUS}∞ dB" if unit else f"{MINUS}∞"
    text = f"{abs(value):.1f}"
    sign = MINUS if value < 0 and text != "0.0" else "+" if plus else ""
    return f"{sign}{text} dB" if unit else f"{sign}{text}"


def level(value: float | None, unit: str) -> str:
    """``−14.2 LUFS``; without a value or for silence ``−∞ LUFS``."""
    if value is None or not math.isfinite(value) or value < -99:
        return f"{MINUS}∞ {unit}".strip()
    return f"{signed(value)} {unit}".strip()


def signed(value: float, digits: int = 1, *, plus: bool = False) -> str:
    """A number with a real minus sign."""
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return ("+" if plus else "") + text
    return (MINUS if value < 0 else "+" if plus else "") + text


def percent(ppm: int, digits: int = 1) -> str:
    """Parts of a million as ``71.2 %``."""
    return f"{ppm / 10_000:.{digits}f} %"


def pan(value: float) -> str:
    """``C``, ``L 20`` or ``R 20``."""
    amount = round(abs(value) * 100)
    if amount == 0:
        return "C"
    return f"{'L' if value < 0 else 'R'} {amount}"


def semitones(value: float) -> str:
    """``+2 st``, ``−0.50 st``."""
    if abs(value - round(value)) < 0.005:
        return f"{signed(value, 0, plus=round(value) != 0)} st"
    return f"{signed(value, 2, plus=True)} st"


def ratio(value: float) -> str:
    """``1.04×``."""
    return f"{value:.3f}".rstrip("0").rstrip(".") + "×"


def key_name(key: str | None) -> str:
    """A key spelled out: ``F♯ minor``; a dash where it is unknown."""
    if not key:
        return "–"
    match = _KEY.match(key)
    if match is None:
        return key
    note, accidental, mode = match.groups()
    name = note.upper() + {"#": "♯", "b": "♭"}.get(accidental, accidental)
    return f"{name} {'minor' if (mode or '').lower() in ('m', 'min', 'minor') else 'major'}"


def short_key(key: str | None) -> str:
    """The same in one word: ``F♯m``."""
    name = key_name(key)
    return name.replace(" minor", "m").replace(" major", "") if name != "–" else ""


def parse_key(text: str) -> str | None:
    """What a person typed as a key (``f#m``, ``F# minor``) in the project's spelling (``F# minor``), or None."""
    match = _KEY.match(text)
    if match is None:
        return None
    note, accidental, mode = match.groups()
    minor = (mode or "").lower() in ("m", "min", "minor")
    return f"{note.upper()}{accidental.replace('♯', '#').replace('♭', 'b')} {'minor' if minor else 'major'}"


def time_left(seconds: float | None) -> str:
    """``12 s left``, ``2 min left``; empty where it is unknown."""
    if seconds is None or not math.isfinite(seconds):
        return ""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s left"
    return f"{round(seconds / 60)} min left"


def plural(count: int, one: str, many: str | None = None) -> str:
    """``1 recording``, ``3 recordings``."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def moment(when: str | None) -> str:
    """An ISO time as ``19 Nov 2026, 14:05`` by this computer's clock, a date as ``19 Nov 2026``; what is none stays as
    it is."""
    text = when or ""
    try:
        at = datetime.datetime.fromisoformat(text)
    except ValueError:
        return text
    if at.tzinfo is not None:
        at = at.astimezone()
    day = f"{at.day} {_MONTHS[at.month - 1]} {at.year}"
    return f"{day}, {at:%H:%M}" if len(text) > 10 else day


def place(path: Path) -> str:
    """A path, ``~`` for the folder of the person."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(path)


def together(text: str) -> str:
    """What stands in brackets is not broken over two lines."""
    return re.sub(r"\([^()]{1,40}\)", lambda found: found[0].replace(" ", "\u00a0"), text)


def gaps(own: int, system: int, driver: int) -> str:
    """Whose the gaps in the sound were, in a sentence."""
    if own + system + driver == 0:
        return "No gap in the sound so far"
    told = [f"{own} by this program", f"{system} while the computer gave its time to others", f"{driver} by the driver"]
    return "Gaps in the sound: " + ", ".join(told)
