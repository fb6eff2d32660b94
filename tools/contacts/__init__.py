"""People and businesses, and what they are to the household."""
