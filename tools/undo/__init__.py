"""Taking the last change back."""
