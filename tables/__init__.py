"""State, with exactly one writer for each table."""
