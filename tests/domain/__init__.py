"""The pure core: examples and properties; no network, no sleep."""
