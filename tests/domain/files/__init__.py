"""Files in, values or problems out."""
