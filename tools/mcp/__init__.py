"""Tools of the household's MCP servers, under our own contract."""
