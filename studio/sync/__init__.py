"""The outbox and its worker: what was made while the platform was away is handed in once it is back, once."""
