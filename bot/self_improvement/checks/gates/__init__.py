"""The quality gates: one module each, and `merge_gates`, which runs them in order."""
