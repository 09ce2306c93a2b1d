"""Which functions the tests ran, as it was measured at one commit."""

from pydantic import Field

from bot.domain.record import Record


class UnrunFunction(Record):
    """A function none of whose lines ran in any test."""

    file: str
    name: str = Field(description="with the classes and functions around it: `Dice.roll`")
    lines: int = Field(ge=1)


class CodeCoverage(Record):
    """One measurement. `problem` says why there is no result; nothing else counts then.

    With `tests_passed` false some tests failed meanwhile, so that more may be unrun than usual.
    """

    commit: str
    functions: int = Field(default=0, ge=0)
    unrun: tuple[UnrunFunction, ...] = ()
    tests_passed: bool = True
    problem: str = ""
