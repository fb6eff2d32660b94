"""What the assistant knows: Postgres and its migrations; records, effects and episodes in it."""
