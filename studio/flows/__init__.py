"""The use-cases: the only place where engine, rights, storage and network meet."""
