"""What a planted fault is."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class FaultStep:
    """One thing a person does to meet the fault: run a slash command, or press a button."""

    command: str = ""
    options: Mapping[str, str | int] = field(default_factory=dict)
    press: str = ""
    times: int = 1


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
class PlantedFault(Change):
    """A commit that breaks a command in a way its tests do not see.

    `breaks` says how a person meets the fault and `steps` says it for programs, `complaint` is
    what they would type then, `error` the type raised in `function`. Calling that function of
    `file` with `arguments` raises it too.
    """

    kind: str
    breaks: str
    steps: tuple[FaultStep, ...]
    complaint: str
    error: str
    function: str
    arguments: tuple[object, ...]


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
