"""The library: the person's sounds and licensed recordings at rest, and the licences that open them."""

from studio.library.library import Asset, Download, Holder, Library

__all__ = ["Asset", "Download", "Holder", "Library"]
