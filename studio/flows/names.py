"""Words shown to people for the things that flows handle."""

STEM_TITLES = {"vocals": "Vocals", "drums": "Drums", "bass": "Bass", "other": "Other", "mix": "Mix", "own": "Own"}

HARMONY_TITLES = {
    "third-above": "a third above",
    "third-below": "a third below",
    "fifth-above": "a fifth above",
    "sixth-above": "a sixth above",
    "sixth-below": "a sixth below",
    "octave-below": "an octave below",
}
