"""The engine in a world of its own: one thread, a clock that jumps, a seed that decides everything else."""
