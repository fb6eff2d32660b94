"""Stand-in servers on loopback sockets: one small world that speaks the real protocols."""
