"""The news: feeds, articles, and how a story is covered."""
