"""The whole engine on a real broker: worker processes, a push service, a topic of events."""
