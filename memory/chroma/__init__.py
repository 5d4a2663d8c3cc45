"""The dense index on disk: a room of its own, so that a child that only opens it has little to load."""
