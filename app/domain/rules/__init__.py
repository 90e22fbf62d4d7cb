"""The rules: one question a file, each a function of its arguments."""
