"""CalDAV (RFC 4791): finding calendars on a server, reading what is in them, and changing it with care."""
