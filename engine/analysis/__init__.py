"""What a track is made of in time: tempo, beats, bars, key, chords and sections.

Importing this package is cheap; librosa is loaded inside `analyse_task`, which belongs into a worker process.
"""

from engine.analysis.model import Analysis, Chord, Section
from engine.analysis.task import analyse, analyse_task

__all__ = ["Analysis", "Chord", "Section", "analyse", "analyse_task"]
