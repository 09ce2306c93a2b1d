"""Writes the source of a test that makes one call."""
