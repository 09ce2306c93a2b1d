"""Fuzzing: strange inputs for every parser that reads what others have written.

One module a class of inputs. It names the modules that are measured (`PARSERS`) and sound inputs
(`SEEDS`), and its `build` returns a function that passes bytes to the real parser.
"""
