"""The checks that prove a change. They are read from base's configuration, never the branch's."""

from pydantic import Field
from theseus_guard.record import Record


class Check(Record):
    """One command that must exit with 0.

    `command` may contain placeholders: `{changed}` for the changed Python files, `{affected_tests}`
    for the test files that reach a changed file, `{python}` for this interpreter (the target's own
    in the checks of a target). If a placeholder
    expands to nothing, the check is skipped. Programs are looked up next to the interpreter first,
    then on PATH.
    """

    name: str = Field(min_length=1)
    command: tuple[str, ...] = Field(min_length=1)
    seconds: float = Field(default=120.0, gt=0, le=3600)


class Checks(Record):
    """The two tiers of checks: `quick` before a proposal, `full` before a merge."""

    quick: tuple[Check, ...] = Field(min_length=1)
    full: tuple[Check, ...] = ()
