"""Sounds, songs and pictures that come with the program, and the recipes that made them."""
