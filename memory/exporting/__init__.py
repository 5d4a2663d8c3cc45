"""The parts of an export: whose rows, the page for people, the file for machines, the archive around them."""
