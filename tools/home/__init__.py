"""The home: lights, heating, doors and whatever else its own server connects."""
