"""The demo: a public click log, replayed through the whole of Carillon, and its numbers."""
