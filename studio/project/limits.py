"""How far every value of a project may go; edits clamp to these ranges and a loaded project must lie within them."""

from __future__ import annotations

EPSILON_S = 1e-9
"""Times closer than this are the same: far below one frame, far above the rounding of a double."""

MIN_CLIP_S = 0.001
MAX_TIME_S = 86_400.0
"""The end of the timeline: one day."""

SILENCE_DB = -96.0
"""A fader at its lowest: nothing is heard."""

GAIN_DB = (SILENCE_DB, 12.0)
CLIP_GAIN_DB = (SILENCE_DB, 24.0)
PAN = (-1.0, 1.0)
TEMPO_RATIO = (0.25, 4.0)
SEMITONES = (-24.0, 24.0)
HIGH_PASS_HZ = (0.0, 2_000.0)
EQ_FREQ_HZ = (20.0, 20_000.0)
EQ_GAIN_DB = (-24.0, 24.0)
EQ_Q = (0.1, 18.0)
THRESHOLD_DB = (-60.0, 0.0)
RATIO = (1.0, 20.0)
ATTACK_S = (0.0001, 0.5)
RELEASE_S = (0.005, 3.0)
MAKEUP_DB = (-24.0, 24.0)
CEILING_DBTP = (-12.0, 0.0)
BPM = (20.0, 400.0)
BEATS_PER_BAR = (1, 32)
BEAT_UNITS = (1, 2, 4, 8, 16, 32)
MAX_AUTOMATION_POINTS = 100_000
"""In one lane."""
MAX_WARP_MARKERS = 20_000
"""In one clip: a day of beats at 14 BPM, or two hours at 170."""
INTENSITY = (0.0, 1.0)
NAME_CHARACTERS = 200
