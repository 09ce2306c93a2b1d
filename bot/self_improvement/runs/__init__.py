"""The life of a run: its moves, its workers, and what ends it."""
