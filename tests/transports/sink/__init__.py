"""Tests of the loopback push service."""
