"""What the cogs show: cards and persistent views."""
