"""Sound in, sound out: no Qt, no network, no database, no rights."""
