"""Words to be said at a time."""
