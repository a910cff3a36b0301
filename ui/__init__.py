"""The window: Qt widgets over `studio.session.Session`.

Nothing here knows sound, rights or storage beyond what the session says.
"""
