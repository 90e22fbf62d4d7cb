"""Turns: decide a batch of records in one atomic append to the partition's own journal. Knows nothing of pushes."""
