"""Instruments made of recordings: load one by name, and play notes on it."""

from engine.instruments.model import (
    Attribution,
    Instrument,
    InstrumentInfo,
    Note,
    Region,
    list_instruments,
    load,
    shipped_root,
)
from engine.instruments.sampler import Tones, render_notes

__all__ = [
    "Attribution",
    "Instrument",
    "InstrumentInfo",
    "Note",
    "Region",
    "Tones",
    "list_instruments",
    "load",
    "render_notes",
    "shipped_root",
]
