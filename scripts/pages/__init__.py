"""The generated pages of `docs/reference/`: one module each, which renders its page from the code that it is about."""
