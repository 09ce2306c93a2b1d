"""Stories written as JSON: the same words as in Python."""

from collections.abc import Callable, Mapping, Sequence

from tests.twins.model import _turns as turns
from tests.twins.model._script import Parts, Story, when
from tests.twins.model._turns import Message, Turn


class StoryError(Exception):
    """The JSON is no story; the text says where."""


def story_from(value: object) -> Story:
    """Read a story: a list of turns, lists by who asks, or stories with `when` and `story`."""
    if isinstance(value, list) and value and all(_is_case(each) for each in value):
        return [when(str(each["when"]), _parts(each["story"])) for each in value]
    return _parts(value)


def turn_from(value: object) -> Turn:
    """Read one turn."""
    if not isinstance(value, Mapping):
        raise StoryError(f"a turn is an object: {value!r}")
    word = next((word for word in WORDS if word in value), None)
    if word is None:
        raise StoryError(f"a turn has one of {', '.join(WORDS)}: {dict(value)!r}")
    return WORDS[word](value)


def _is_case(value: object) -> bool:
    return isinstance(value, Mapping) and {"when", "story"} <= set(value)


def _parts(value: object) -> Parts:
    if isinstance(value, Mapping):
        return {str(who): _list(rows) for who, rows in value.items()}
    return _list(value)


def _list(value: object) -> Sequence[Turn]:
    if not isinstance(value, list):
        raise StoryError(f"a script is a list of turns: {value!r}")
    return [turn_from(each) for each in value]


def _message(value: object) -> Message:
    turn = turn_from(value)
    if not isinstance(turn, Message):
        raise StoryError(f"only words and calls stand here: {value!r}")
    return turn


def _said(value: Mapping[str, object]) -> Turn:
    return turns.says(str(value["says"]), *_more(value))


def _thought(value: Mapping[str, object]) -> Turn:
    return turns.thinks(str(value["thinks"]), *_more(value))


def _more(value: Mapping[str, object]) -> list[Message]:
    return [_message(value["then"])] if "then" in value else []


def _called(value: Mapping[str, object]) -> Turn:
    arguments = value.get("with", {})
    if not isinstance(arguments, Mapping):
        raise StoryError(f"`with` holds the arguments by name: {arguments!r}")
    return turns.calls(str(value["calls"]), **{str(k): v for k, v in arguments.items()})


def _together(value: Mapping[str, object]) -> Turn:
    parts = value["together"]
    if not isinstance(parts, list):
        raise StoryError(f"`together` is a list: {parts!r}")
    return turns.together(*(_message(part) for part in parts))


def _failed(value: Mapping[str, object]) -> Turn:
    wait = value.get("retry_after")
    return turns.fails(
        int(str(value["fails"])),
        message=str(value.get("message", "")),
        retry_after=None if wait is None else float(str(wait)),
        times=int(str(value.get("times", 1))),
    )


def _silent(value: Mapping[str, object]) -> Turn:
    after = value["falls_silent"]
    return turns.falls_silent(str(after) if after else None)


WORDS: Mapping[str, Callable[[Mapping[str, object]], Turn]] = {
    "says": _said,
    "thinks": _thought,
    "calls": _called,
    "together": _together,
    "gives": lambda value: turns.gives(value["gives"]),
    "refuses": lambda value: turns.refuses(str(value["refuses"] or "")),
    "fails": _failed,
    "limited": lambda value: turns.limited(resets_in=float(str(value["limited"]))),
    "cuts_off": lambda value: turns.cuts_off(str(value["cuts_off"] or "I will")),
    "falls_silent": _silent,
    "slow": lambda value: turns.slow(float(str(value["slow"])), turn_from(value["turn"])),
    "forever": lambda value: turns.forever(turn_from(value["forever"])),
}
