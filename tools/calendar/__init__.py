"""The calendar: appointments, and whether one is free."""
