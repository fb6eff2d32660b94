"""The doors: command line, terminal, server, doctor, settings."""
