"""What a sentence asks for: grammars, slots and a classifier. No network, no model server."""
