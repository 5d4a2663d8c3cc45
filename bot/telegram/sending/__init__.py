"""The pieces of sending: cutting a text, its keyboard and its quote, the call itself, and what came of it."""
