"""The tools of a model, and their limits."""
