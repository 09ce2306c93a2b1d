"""The offline engine: localise, mutate, search. Pure but for running tests."""
