"""The claude engine: claude-agent-sdk and its bundled Claude Code program."""
