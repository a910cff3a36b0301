"""Off-line rendering: a plan to samples, to one block per track, to power per rights source, and to a finished file."""

from engine.render.bounce import bounce_task
from engine.render.offline import render, render_blocks, render_tracks
from engine.render.powers import track_powers_task
from engine.results import Bounced

__all__ = ["Bounced", "bounce_task", "render", "render_blocks", "render_tracks", "track_powers_task"]
