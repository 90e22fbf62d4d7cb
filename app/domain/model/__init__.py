"""The nouns: events, users, campaigns, verdicts, pushes, receipts, decisions."""
