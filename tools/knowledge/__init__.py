"""Knowledge: encyclopaedia, facts, papers and the web, each by one question whichever service answers it."""
