"""The log once more: the same core over users in memory, under a virtual clock (C150, C163)."""
