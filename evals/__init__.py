"""How good, how fast, how safe: runs the assistant and prints tables."""
