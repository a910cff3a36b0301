"""Content credentials (C2PA): what an export is made of, signed by this device, and what a file's credentials say when
checked."""
