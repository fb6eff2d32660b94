"""Real servers to test against, each installed beside the project at its first use, never into it."""
