"""Tests of `app/replay`."""
