"""What the agents decide, turn by turn."""
