"""The programs that serve the language model: how each is started, and how it is kept running."""
