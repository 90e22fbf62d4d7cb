"""Tests of the mails to owners."""
