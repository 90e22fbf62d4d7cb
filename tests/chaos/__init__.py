"""Workers killed and frozen at work, and builds that are broken on purpose: what the oracle must notice."""
