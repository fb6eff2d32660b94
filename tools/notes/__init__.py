"""Thoughts kept in words."""
