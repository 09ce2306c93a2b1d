"""Theseus: a Discord bot that repairs its own code."""
