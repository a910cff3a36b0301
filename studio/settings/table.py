"""The settings as one typed table, from which the page, the flags and the help are made."""

from __future__ import annotations

import contextlib
import math
from typing import Literal

import msgspec

from studio.base.errors import StudioError
from studio.project.limits import CEILING_DBTP
from studio.project.tempo import DIVISIONS

Value = str | int | float | bool | None
Kind = Literal["choice", "integer", "number", "toggle", "text"]


class SettingsError(StudioError):
    """A setting that does not exist, or a value that it cannot have. Codes: setting-unknown, setting-invalid."""

    code = "setting-invalid"


class Choice(msgspec.Struct, frozen=True):
    """A value that a setting may have, and what it is called."""

    value: Value
    title: str


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table."""

    key: str
    title: str
    section: str
    kind: Kind
    default: Value
    help: str
    choices: tuple[Choice, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""
    optional: bool = False
    """Whether it may be None (of a text: not set)."""

    def checked(self, value: object) -> Value:
        """`value` as this setting keeps it; numbers are clamped to the range.

        Raises:
            SettingsError: setting-invalid for a value of another kind.
        """
        if value is None and self.optional:
            return None
        if self.kind == "choice":
            for choice in self.choices:
                # 1 and True are equal in Python and different things here.
                if choice.value == value and isinstance(value, bool) == isinstance(choice.value, bool):
                    return choice.value
            raise self._refused(value, "Choose " + ", ".join(f"“{choice.title}”" for choice in self.choices) + ".")
        if self.kind == "toggle":
            if isinstance(value, bool):
                return value
            raise self._refused(value, "Choose on or off.")
        if self.kind == "text":
            if isinstance(value, str) and len(value) <= 1000 and value.isprintable():
                return value.strip() or (None if self.optional else "")
            raise self._refused(value, "Type one line of text.")
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self._refused(value, "Type a number.")
        low = value if self.minimum is None else max(value, self.minimum)
        bounded = low if self.maximum is None else min(low, self.maximum)
        return round(bounded) if self.kind == "integer" else float(bounded)

    def parsed(self, text: str) -> Value:
        """The value that a person typed on a command line: ``none``, ``on``, ``off``, a number, a choice, a text.

        Raises:
            SettingsError: setting-invalid.
        """
        word = text.strip()
        if word.lower() in {"none", "null"} and self._may_be_none():
            return None
        if self.kind == "toggle" and word.lower() in {"on", "true", "yes", "off", "false", "no"}:
            return word.lower() in {"on", "true", "yes"}
        if self.kind == "choice":
            for choice in self.choices:
                if word.lower() in {str(choice.value).lower(), choice.title.lower()}:
                    return choice.value
        if self.kind in {"number", "integer", "choice"}:
            with contextlib.suppress(ValueError):
                return self.checked(float(word))
        return self.checked(word)

    def _may_be_none(self) -> bool:
        return self.optional or any(choice.value is None for choice in self.choices)

    def _refused(self, value: object, remedy: str) -> SettingsError:
        shown = str(value)[:40]
        return SettingsError(
            f"“{self.title}” cannot be {shown}.", remedy=remedy, details={"key": self.key, "value": shown}
        )


def _choices(*pairs: tuple[Value, str]) -> tuple[Choice, ...]:
    return tuple(Choice(value, title) for value, title in pairs)


TABLE: tuple[Setting, ...] = (
    Setting(
        key="audio.device",
        title="Output device",
        section="Audio",
        kind="text",
        default=None,
        optional=True,
        help="Where the studio plays. Not set: the default output of this computer.",
    ),
    Setting(
        key="audio.block_frames",
        title="Block size",
        section="Audio",
        kind="choice",
        default=512,
        choices=_choices(*((frames, f"{frames} frames") for frames in (64, 128, 256, 512, 1024, 2048))),
        unit="frames",
        help="Smaller blocks answer faster; larger ones are safer on a busy computer.",
    ),
    Setting(
        key="audio.input",
        title="Input device",
        section="Audio",
        kind="text",
        default=None,
        optional=True,
        help="What the studio records from. Not set: the default input of this computer.",
    ),
    Setting(
        key="audio.channels",
        title="Input channels",
        section="Audio",
        kind="choice",
        default="both",
        choices=_choices(("both", "1 and 2 (stereo)"), ("first", "1 (mono)"), ("second", "2 (mono)")),
        help="Which channels of the input are recorded.",
    ),
    Setting(
        key="audio.rate",
        title="Sample rate of the device",
        section="Audio",
        kind="choice",
        default=None,
        choices=_choices(
            (None, "As the device has it"), *((r, f"{r / 1000:g} kHz") for r in (44100, 48000, 88200, 96000))
        ),
        unit="Hz",
        help="A device that refuses the rate keeps its own, and the sound is converted.",
    ),
    Setting(
        key="audio.latency_ms",
        title="Recording offset",
        section="Audio",
        kind="number",
        default=None,
        optional=True,
        minimum=0.0,
        maximum=1000.0,
        unit="ms",
        help="How late recordings arrive, there and back. Not set: as the device says.",
    ),
    Setting(
        key="transport.metronome",
        title="Metronome",
        section="Transport",
        kind="toggle",
        default=False,
        help="Clicks on every beat while it plays; never part of a mix or an export.",
    ),
    Setting(
        key="transport.metronome_db",
        title="Metronome level",
        section="Transport",
        kind="number",
        default=-12.0,
        minimum=-48.0,
        maximum=0.0,
        unit="dB",
        help="How loud the clicks are.",
    ),
    Setting(
        key="transport.count_in",
        title="Count-in",
        section="Transport",
        kind="choice",
        default=1,
        choices=_choices((0, "None"), (1, "1 bar"), (2, "2 bars"), (4, "4 bars")),
        unit="bars",
        help="Bars that are counted before a recording begins.",
    ),
    Setting(
        key="transport.match_loudness",
        title="Compare at one loudness",
        section="Transport",
        kind="toggle",
        default=True,
        help="While you compare takes, the louder one is turned down, in play-back only.",
    ),
    Setting(
        key="transport.switch",
        title="Switch takes",
        section="Transport",
        kind="choice",
        default="beat",
        choices=_choices(("now", "At once"), ("beat", "At the next beat"), ("bar", "At the next bar")),
        help="When another take is heard while it plays.",
    ),
    Setting(
        key="midi.pick_up",
        title="Soft take-over",
        section="MIDI",
        kind="toggle",
        default=True,
        help="A knob or fader moves nothing until it has reached the value on the screen.",
    ),
    Setting(
        key="inference.provider",
        title="Models run on",
        section="Models",
        kind="choice",
        default="auto",
        choices=_choices(("auto", "Automatic"), ("cpu", "CPU"), ("cuda", "NVIDIA GPU"), ("tensorrt", "TensorRT")),
        help="Automatic takes the GPU where there is one, else the CPU. TensorRT takes minutes over each model, once.",
    ),
    Setting(
        key="separation.model",
        title="Model for stems",
        section="Models",
        kind="text",
        default=None,
        optional=True,
        help="Id of a model, as `contrafact models list` shows them. Not set: the one that comes with the program.",
    ),
    Setting(
        key="export.format",
        title="Format",
        section="Export",
        kind="choice",
        default="wav",
        choices=_choices(("wav", "WAV"), ("flac", "FLAC"), ("mp3", "MP3")),
        help="WAV and FLAC keep every bit; MP3 is small.",
    ),
    Setting(
        key="export.rate",
        title="Sample rate",
        section="Export",
        kind="choice",
        default=48000,
        choices=_choices((44100, "44.1 kHz"), (48000, "48 kHz")),
        unit="Hz",
        help="44.1 kHz for music services and discs, 48 kHz for film and video.",
    ),
    Setting(
        key="export.bits",
        title="Bit depth",
        section="Export",
        kind="choice",
        default=24,
        choices=_choices((16, "16 bit"), (24, "24 bit")),
        unit="bit",
        help="16 bit is dithered.",
    ),
    Setting(
        key="export.loudness_lufs",
        title="Loudness",
        section="Export",
        kind="choice",
        default=-14.0,
        choices=_choices((-14.0, "-14 LUFS (streaming)"), (-9.0, "-9 LUFS (loud)"), (None, "As mixed")),
        unit="LUFS",
        help="The whole file is brought to this loudness; the true-peak limiter keeps it clean.",
    ),
    Setting(
        key="export.ceiling_dbtp",
        title="True-peak ceiling",
        section="Export",
        kind="number",
        default=-1.0,
        minimum=CEILING_DBTP[0],
        maximum=CEILING_DBTP[1],
        unit="dBTP",
        help="No peak goes above this, also between samples. -1 dBTP survives MP3.",
    ),
    Setting(
        key="export.mark",
        title="Mark in the sound",
        section="Export",
        kind="toggle",
        default=True,
        help="Exports of licensed songs carry their id in the sound: a stripped copy is found.",
    ),
    Setting(
        key="appearance.theme",
        title="Theme",
        section="Appearance",
        kind="choice",
        default="dark",
        choices=_choices(("dark", "Dark"), ("light", "Light"), ("system", "As the system")),
        help="Colours of the window.",
    ),
    Setting(
        key="appearance.reduced_motion",
        title="Reduce motion",
        section="Appearance",
        kind="toggle",
        default=False,
        help="Nothing slides or fades; meters and play-head still move.",
    ),
    Setting(
        key="appearance.scale",
        title="Size",
        section="Appearance",
        kind="number",
        default=1.0,
        minimum=0.75,
        maximum=2.0,
        unit="x",
        help="Text and controls, on top of the screen's own scale.",
    ),
    Setting(
        key="rights.territory",
        title="Country",
        section="Rights",
        kind="text",
        default=None,
        optional=True,
        help="Where you work, as two letters (SE, US). Licences hold per country; not set: only those without a limit.",
    ),
    Setting(
        key="platform.url",
        title="Platform",
        section="Platform",
        kind="text",
        default="",
        help="Address of the platform. Empty: the demo platform inside this studio.",
    ),
    Setting(
        key="library.cache_gb",
        title="Size of the cache",
        section="Library",
        kind="number",
        default=20.0,
        minimum=1.0,
        maximum=2000.0,
        unit="GB",
        help="Stems and decoded audio that can be made again may take this much room.",
    ),
    Setting(
        key="timeline.snap",
        title="Snap",
        section="Timeline",
        kind="choice",
        default="beat",
        choices=_choices(("off", "Off"), *((each, each.capitalize()) for each in DIVISIONS)),
        help="Where clips and the play-head hold on to the grid.",
    ),
    Setting(
        key="timeline.crossfade",
        title="Automatic cross-fades",
        section="Timeline",
        kind="toggle",
        default=True,
        help="A clip that is moved a little over another one fades into it; off, it makes room for itself.",
    ),
)
