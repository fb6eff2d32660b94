"""Prices, rates of exchange, what is watched and what is owned."""
