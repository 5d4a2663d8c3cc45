"""The journal, which is the truth, and recall, which can be rebuilt from it."""
