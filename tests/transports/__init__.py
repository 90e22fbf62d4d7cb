"""Tests of the ways out, and of the sink that they are tested against."""
