"""From an event to what it does, in one process: the users actor over a store in memory."""
