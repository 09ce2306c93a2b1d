"""The doors: one Protocol each. Adapters implement them; the core sees nothing else."""
