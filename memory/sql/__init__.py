"""Everything stored, in SQL."""
