"""Carillon: what it decides, and how it is put together."""
