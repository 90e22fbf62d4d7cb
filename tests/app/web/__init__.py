"""Tests of pages, API and probes."""
