"""The turns: timers, deciding, opening, partitions over ports in memory."""
