"""Cogs: one feature each, loaded by name."""
