"""The offline engine: localise, mutate, search. Pure but for running tests.

engine      the whole repair of one tree: `mend(RepairRequest, runner, clock)`
baseline    how the tests stand before, and what they import; `request` is what is asked
command     `theseus repair`: the same on any repository and any test command
localise    which lines are suspect: coverage, crash frames, suspect commits
reverts     parts of suspect commits undone, smallest first
migrations  columns that tables of older files lack
operators   single edits, one module a family; `guidance` weighs them by the exception
candidates  all of these ranked; `search` judges them best first; `explain` says what was tried
judge       reproduction first, then the tests that call what is edited (`impacted_tests`),
            over a `runner.TestRunner`
forking_runner  the fast runner for pytest (the `_fork_*` run in the project's interpreter);
            `plain` is the slow one for any other command
behaviour   calls of the tests, and calls like them, made again with each green candidate;
            `selection` takes the one that harms least, and says how far it can be believed
"""
