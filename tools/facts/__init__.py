"""What the household has told of itself."""
