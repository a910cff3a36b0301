"""Play-back: the engine process, its device, and `engine.playback.player.Player`, which the window's process holds.

The player's side imports neither numba nor a device library.
"""
