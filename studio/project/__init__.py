"""The project: a frozen value, pure edits, tempo map and history."""
