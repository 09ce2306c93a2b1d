"""Prompts, skills, the persona, settings and cogs, taken on while the program runs."""
