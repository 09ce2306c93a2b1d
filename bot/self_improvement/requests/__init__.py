"""What people ask of the agent and of its runs."""
