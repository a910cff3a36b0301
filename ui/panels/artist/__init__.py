"""The artist's view: own recordings, terms, how they could sound, what became of them."""

from ui.panels.artist.sheet import ArtistSheet

__all__ = ["ArtistSheet"]
