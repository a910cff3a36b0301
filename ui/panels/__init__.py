"""The parts of the window. Each is given the workspace and nothing else."""
