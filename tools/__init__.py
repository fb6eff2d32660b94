"""What the assistant can do: the tool contract, and one folder a domain."""
