"""Reloads prompts, skills, the persona, settings and cogs while the program runs."""
