"""The product without a window: rights, projects, library, platform, flows."""

__version__ = "0.1.0"
