"""The offline engine: localise, mutate, search. It has no side effects but running tests.

engine      the complete repair of one tree: `repair_tree(RepairRequest, runner, clock)`
baseline    the test results before any edit, and what the tests import; `request` is the input
command     the same for any repository and any test command; `cli` is `theseus-repair`
localise    which lines are suspect: coverage, crash frames, suspect commits
reverts     reverts of parts of suspect commits, smallest first
migrations  adds columns that tables of older files lack
operators   single edits, one module per family; `guidance` weighs them by the exception
candidates  all of these ranked; `search` judges them best first; `explain` reports the attempts
judge       runs the reproduction first, then the tests that call the edited code
            (`impacted_tests`), with a `runner.TestRunner`
judged_search   the same search with another judge than tests, such as replays of a bot
library     what the installed discord.py has; `library_reader` reads its source
forking_runner  the fast runner for pytest (the `_fork_*` modules run in the project's interpreter);
            `plain` is the slow one for any other command
behaviour   replays calls of the tests, and similar calls, with each passing candidate;
            `selection` chooses the one with the fewest regressions, and says how reliable it is
hazards     edits that can silence a failing call without fixing it; `mutants` are wrong neighbours
call_source writes a test that makes one call
errors      what goes wrong, in one tree; `clock` is the time that a search may take
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from theseus_repair.clock import Clock, MachineClock
    from theseus_repair.command import repair
    from theseus_repair.engine import repair_tree
    from theseus_repair.errors import RepairError
    from theseus_repair.forking_runner import ForkingRunner
    from theseus_repair.hazards import find_hazards
    from theseus_repair.model import SearchReport
    from theseus_repair.report import RepairReport
    from theseus_repair.request import RepairRequest

__all__ = [
    "Clock",
    "ForkingRunner",
    "MachineClock",
    "RepairError",
    "RepairReport",
    "RepairRequest",
    "SearchReport",
    "find_hazards",
    "repair",
    "repair_tree",
]

_MODULES = {
    "Clock": "clock",
    "ForkingRunner": "forking_runner",
    "MachineClock": "clock",
    "RepairError": "errors",
    "RepairReport": "report",
    "RepairRequest": "request",
    "SearchReport": "model",
    "find_hazards": "hazards",
    "repair": "command",
    "repair_tree": "engine",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used; most programs use only a part."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
