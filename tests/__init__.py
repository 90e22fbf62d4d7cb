"""The tests; the tree mirrors the code file for file."""
