"""The triggered pipeline once more, slow and obvious: from SPEC.md and CONTRACT.md, sharing no rule with the core."""
