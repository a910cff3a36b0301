"""A 64-bit id in the sound itself, by which a stripped copy finds its way back to its manifest. A recovery aid, never
enforcement.

A keyed patchwork in the sense of Bender, Gruhl, Morimoto and Lu, "Techniques for data hiding" (IBM Systems Journal
35, 1996): cells of time and frequency are made a little louder or softer, all channels alike. The id carries a
CRC-16 and a convolutional code.
"""

from engine.dsp.watermark.detect import Detection, detect
from engine.dsp.watermark.embed import Piece, embed, mark_piece, pieces_of

__all__ = ["Detection", "Piece", "detect", "embed", "mark_piece", "pieces_of"]
