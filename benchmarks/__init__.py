"""Measurements, each beside its references in the same run on the same broker. Nothing of the app imports them."""
