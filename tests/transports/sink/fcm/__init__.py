"""Tests of FCM as the sink plays it."""
