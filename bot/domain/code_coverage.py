"""Functions that the tests did not run, as measured at one commit."""

from pydantic import Field
from theseus_guard.record import Record


class UnrunFunction(Record):
    """A function of which no line ran in any test."""

    file: str
    name: str = Field(description="with the classes and functions around it: `Dice.roll`")
    lines: int = Field(ge=1)


class CodeCoverage(Record):
    """One measurement. If `problem` is set, there is no result and the other fields do not count.

    If `tests_passed` is false, some tests failed during the measurement, so more functions than
    usual may appear as not run.
    """

    commit: str
    functions: int = Field(default=0, ge=0)
    unrun: tuple[UnrunFunction, ...] = ()
    tests_passed: bool = True
    problem: str = ""
