"""The offline engine: localise, mutate, search. It has no side effects but running tests.

engine      the complete repair of one tree: `repair_tree(RepairRequest, runner, clock)`
baseline    the test results before any edit, and what the tests import; `request` is the input
command     `theseus repair`: the same for any repository and any test command
localise    which lines are suspect: coverage, crash frames, suspect commits
reverts     reverts of parts of suspect commits, smallest first
migrations  adds columns that tables of older files lack
operators   single edits, one module per family; `guidance` weighs them by the exception
candidates  all of these ranked; `search` judges them best first; `explain` reports the attempts
judge       runs the reproduction first, then the tests that call the edited code
            (`impacted_tests`), with a `runner.TestRunner`
forking_runner  the fast runner for pytest (the `_fork_*` modules run in the project's interpreter);
            `plain` is the slow one for any other command
behaviour   replays calls of the tests, and similar calls, with each passing candidate;
            `selection` chooses the one with the fewest regressions, and says how reliable it is
"""
