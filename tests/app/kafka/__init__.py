"""Tests of app.kafka."""
