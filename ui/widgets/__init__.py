"""Own painted widgets: they know the theme and values, never the session."""
