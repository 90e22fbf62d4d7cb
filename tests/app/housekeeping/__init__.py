"""The duties beside the turns, and the watchdog's threads."""
