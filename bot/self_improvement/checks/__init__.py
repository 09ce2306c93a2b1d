"""Checks of a change, in our own process."""
