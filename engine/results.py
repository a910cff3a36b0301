"""What worker tasks answer with: values that unpickle without loading the code that made them.

The process that owns the window receives these; it must not import numba, librosa or onnxruntime to read them.
"""

from __future__ import annotations

import msgspec


class Bounced(msgspec.Struct, frozen=True, kw_only=True):
    """A finished file. Loudness and true peak are of the samples before they were rounded or compressed for the
    file."""

    path: str
    lufs: float
    true_peak_dbtp: float
    frames: int
    rate: int
    sha256: str
