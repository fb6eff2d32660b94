"""The language model: a served model's client, the embedded model, the ladder between them."""
