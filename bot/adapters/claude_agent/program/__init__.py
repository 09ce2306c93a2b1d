"""The Claude Code program: its start, its events, its failures."""
