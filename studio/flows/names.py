"""Words shown to people for the things that flows handle."""

STEM_TITLES = {"vocals": "Vocals", "drums": "Drums", "bass": "Bass", "other": "Other", "mix": "Mix", "own": "Own"}
