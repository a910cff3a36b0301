"""Signal processing on ``(channels, frames) float32``: pure functions, and small classes that carry state from block
to block.

Importing this package or `engine.dsp.eq` and `engine.dsp.effects` does not load numba; their kernels load at first use.
"""
