"""The bot's long-term memory: recording, recalling and forgetting."""
