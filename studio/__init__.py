"""The product without a window: rights, projects, library, platform, flows."""
