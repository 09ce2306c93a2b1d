"""Record what a discord.py bot does, redacted, as one JSON line each."""
