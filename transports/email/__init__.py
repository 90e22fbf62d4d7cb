"""Alerts by SMTP."""
