"""What the household's documents say."""
