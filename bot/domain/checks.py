"""Which checks prove a change. Read from base's configuration, never from the branch's."""

from pydantic import Field

from bot.domain.record import Record


class Check(Record):
    """One command that must exit with 0.

    `command` may hold placeholders: `{changed}` the changed Python files, `{affected_tests}` the
    test files that reach a changed file, `{python}` this interpreter. One that expands to nothing
    makes the check skipped. Programs are looked up beside the interpreter first, then on PATH.
    """

    name: str = Field(min_length=1)
    command: tuple[str, ...] = Field(min_length=1)
    seconds: float = Field(default=120.0, gt=0, le=3600)


class Checks(Record):
    """The two tiers: `quick` before a proposal, `full` before a merge."""

    quick: tuple[Check, ...] = Field(min_length=1)
    full: tuple[Check, ...] = ()
