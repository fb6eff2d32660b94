"""The typed parts of a sentence: dates and times, numbers, units."""
