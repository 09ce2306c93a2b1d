"""What a planted fault is."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class FaultStep:
    """A step that shows the fault: running a slash command, or pressing a button.

    It is repeated `times` times, one after the other unless `at_once`.
    """

    command: str = ""
    options: Mapping[str, str | int] = field(default_factory=dict)
    press: str = ""
    times: int = 1
    at_once: bool = False


@dataclass(frozen=True, kw_only=True)
class Change:
    """A small commit by one author.

    `replacements` are exact (before, after) snippets of `file`, `test_replacements` of
    `test_file`. The file contains each `before` exactly once.
    """

    name: str
    file: str
    replacements: tuple[tuple[str, str], ...]
    message: str
    author: str
    test_file: str = ""
    test_replacements: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class MetFault(Change):
    """A commit that breaks a command for a single user, in a way that its tests do not detect.

    `breaks` describes how a person runs into the fault, `steps` the same for programs, `report` is
    the message the person would write, and `error` the type of the raised exception.
    """

    breaks: str
    steps: tuple[FaultStep, ...]
    report: str
    error: str


@dataclass(frozen=True, kw_only=True)
class PlantedFault(MetFault):
    """A fault that one call shows: `function` of `file` raises `error` with `arguments`."""

    kind: str
    function: str
    arguments: tuple[object, ...]


@dataclass(frozen=True, kw_only=True)
class ReplayedFault(MetFault):
    """A fault that no call shows, only people who do something.

    `limits`: a service that the cog asks has it wait at each so many-th request; 0: none is asked.
    """

    limits: int = 0


@dataclass(frozen=True, kw_only=True)
class Living:
    """A fault that shows in the traffic of several visitors.

    Attributes:
        fault: The broken change; it is present from the start, or goes live after
            `healthy_seconds` of use.
        acts: The steps of the visitors; each visitor picks one at random, again and again.
        expect: Describes what will happen.
        then: Describes what to do about it.
        pause: The average seconds between two steps of a visitor.
        rush: The number of steps, of all visitors together, that come at once at the start.
        flaps: The seconds after which an external service goes up or down.
        settings: Replace keys in sections of the configuration, so that a spectator does not have
            to wait ten minutes.
    """

    name: str
    fault: Change | None
    acts: tuple[FaultStep, ...]
    expect: str
    then: tuple[str, ...]
    pause: float = 3.0
    rush: int = 0
    healthy_seconds: float = 0.0
    flaps: float = 0.0
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
