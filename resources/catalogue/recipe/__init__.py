"""Writes, plays and mixes the songs of the demo catalogue.

python -m resources.catalogue.recipe --samples DIR --out DIR
"""
