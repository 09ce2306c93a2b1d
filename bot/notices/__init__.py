"""What the bot tells people by itself, beside the threads of runs, as they have chosen it."""
