"""The coach: it knows people and their words, and no vendor."""
