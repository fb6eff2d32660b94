"""The iCalendar format (RFC 5545): read with all that others wrote into it, expanded, and changed in place."""
