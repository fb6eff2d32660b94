"""Weather: one question, whichever service answers it."""
