"""Ids, clock, errors, events and atomic files: what every part of the studio stands on."""
