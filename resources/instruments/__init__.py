"""The instrument packs that come with the program, and the script that makes them from the sample kit."""
