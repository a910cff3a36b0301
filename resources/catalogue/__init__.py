"""The demo catalogue: finished songs of the project's own, and the recipe that makes them."""
