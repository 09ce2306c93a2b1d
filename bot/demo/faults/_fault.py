"""What a planted fault is."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class FaultStep:
    """One thing a person does to meet the fault: run a slash command, or press a button.

    So many `times`; one after the other, unless `at_once`.
    """

    command: str = ""
    options: Mapping[str, str | int] = field(default_factory=dict)
    press: str = ""
    times: int = 1
    at_once: bool = False


@dataclass(frozen=True, kw_only=True)
class Change:
    """A small commit by somebody.

    `replacements` are exact (before, after) snippets of `file`, `test_replacements` of
    `test_file`; each `before` stands there exactly once.
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
    """A commit that breaks a command in a way its tests do not see, and one person meets.

    `breaks` says how a person meets the fault and `steps` says it for programs, `complaint` is
    what they would type then, `error` the type that is raised.
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
    """A fault, and the visitors in whose use of the bot it shows.

    Each visitor does one of `acts` (any of them, drawn evenly), rests for about `pause` seconds,
    and so on; the first `rush` acts of all of them come at once. `fault` is what is broken, from
    the start or, after `healthy_seconds` of use, by a commit that comes live then. `flaps`: a
    service outside goes up and down every so many seconds. `settings` replace keys of sections
    in the configuration, so that a spectator need not wait for ten minutes. `expect` tells what
    will happen, and `then` what to do about it.
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
