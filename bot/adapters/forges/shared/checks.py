"""The checks of a commit, and which of them its base branch requires."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Literal, NamedTuple

State = Literal["none", "pending", "passed", "failed"]
Sight = Literal["all", "actions", "nothing"]

_ANY_APP = (None, -1, 0)


class CheckOutcome(NamedTuple):
    """One check's result. `app` is the App that ran it; a plain status has none."""

    name: str
    state: State
    app: int | None = None


class RequiredContext(NamedTuple):
    """A check that the base branch requires, from a certain App if `app` is set."""

    name: str
    app: int | None = None
    is_pattern: bool = False

    def is_met_by(self, name: str) -> bool:
        """Return whether a check with this name counts."""
        return name == self.name or (self.is_pattern and fnmatchcase(name, self.name))


class CommitChecks(NamedTuple):
    """The checks of one head. `sees` says which checks the credentials can read."""

    results: tuple[CheckOutcome, ...]
    required: tuple[RequiredContext, ...]
    sees: Sight = "all"

    def get_state(self, required: RequiredContext) -> State:
        """Return the state of a required check; `none` if no one has reported it yet."""
        return _get_worst_state(
            result.state
            for result in self.results
            if required.is_met_by(result.name)
            and (required.app in _ANY_APP or result.app in (None, required.app))
        )

    @property
    def failing(self) -> tuple[str, ...]:
        """The names of the required checks that failed."""
        return tuple(check.name for check in self.required if self.get_state(check) == "failed")

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of the required checks that have not finished or not started."""
        return tuple(
            check.name for check in self.required if self.get_state(check) in ("pending", "none")
        )

    @property
    def state(self) -> State:
        """The combined state of the required checks, or of all checks if none are required."""
        if not self.required:
            return _get_worst_state(result.state for result in self.results)
        if self.failing:
            return "failed"
        return "pending" if self.missing else "passed"


def _get_worst_state(states: Iterable[State]) -> State:
    distinct = set(states)
    order: tuple[State, ...] = ("failed", "pending", "passed")
    return next((state for state in order if state in distinct), "none")
