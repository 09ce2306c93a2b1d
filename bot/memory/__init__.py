"""What is remembered: recording, recall, forgetting."""
