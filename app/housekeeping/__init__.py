"""What a worker does beside its turns: rounds of small duties, and a watchdog over all of it."""
