"""The product without a window: rights, projects, library, platform, flows."""

import engine as engine  # sets up the process before NumPy is imported

__version__ = "0.1.0"
