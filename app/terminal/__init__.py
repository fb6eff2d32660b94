"""The conversation in a terminal, and line by line where there is none."""
