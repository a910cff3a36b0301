"""The platform: messages, the client with its sign-in, and a reference service on SQLite and a folder."""
