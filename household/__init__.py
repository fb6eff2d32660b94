"""The nouns that every room uses: plain typed values, no I/O."""
