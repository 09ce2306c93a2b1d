"""The ports: one Protocol each. Adapters implement them; the core sees nothing else."""
