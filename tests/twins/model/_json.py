"""Stories written as JSON, with the same turns as in Python."""

from collections.abc import Callable, Mapping, Sequence

from tests.twins.model import _turns as turns
from tests.twins.model._script import Parts, Story, make_case
from tests.twins.model._turns import Message, Turn


class StoryError(Exception):
    """The JSON is no story; the text says where."""


def parse_story(value: object) -> Story:
    """Read a story: a list of turns, lists by who asks, or stories with `when` and `story`."""
    if isinstance(value, list) and value and all(_is_case(each) for each in value):
        return [make_case(str(each["when"]), _parse_parts(each["story"])) for each in value]
    return _parse_parts(value)


def parse_turn(value: object) -> Turn:
    """Read one turn."""
    if not isinstance(value, Mapping):
        raise StoryError(f"a turn is an object: {value!r}")
    word = next((word for word in PARSERS if word in value), None)
    if word is None:
        raise StoryError(f"a turn has one of {', '.join(PARSERS)}: {dict(value)!r}")
    return PARSERS[word](value)


def _is_case(value: object) -> bool:
    return isinstance(value, Mapping) and {"when", "story"} <= set(value)


def _parse_parts(value: object) -> Parts:
    if isinstance(value, Mapping):
        return {str(who): _parse_list(rows) for who, rows in value.items()}
    return _parse_list(value)


def _parse_list(value: object) -> Sequence[Turn]:
    if not isinstance(value, list):
        raise StoryError(f"a script is a list of turns: {value!r}")
    return [parse_turn(each) for each in value]


def _parse_message(value: object) -> Message:
    turn = parse_turn(value)
    if not isinstance(turn, Message):
        raise StoryError(f"only words and calls stand here: {value!r}")
    return turn


def _parse_text(value: Mapping[str, object]) -> Turn:
    return turns.say_text(str(value["says"]), *_parse_more(value))


def _parse_thought(value: Mapping[str, object]) -> Turn:
    return turns.think_aloud(str(value["thinks"]), *_parse_more(value))


def _parse_more(value: Mapping[str, object]) -> list[Message]:
    return [_parse_message(value["then"])] if "then" in value else []


def _parse_call(value: Mapping[str, object]) -> Turn:
    arguments = value.get("with", {})
    if not isinstance(arguments, Mapping):
        raise StoryError(f"`with` holds the arguments by name: {arguments!r}")
    return turns.call_tool(str(value["calls"]), **{str(k): v for k, v in arguments.items()})


def _parse_combined(value: Mapping[str, object]) -> Turn:
    parts = value["together"]
    if not isinstance(parts, list):
        raise StoryError(f"`together` is a list: {parts!r}")
    return turns.combine_parts(*(_parse_message(part) for part in parts))


def _parse_failure(value: Mapping[str, object]) -> Turn:
    wait = value.get("retry_after")
    return turns.fail_request(
        int(str(value["fails"])),
        message=str(value.get("message", "")),
        retry_after=None if wait is None else float(str(wait)),
        times=int(str(value.get("times", 1))),
    )


def _parse_silence(value: Mapping[str, object]) -> Turn:
    after = value["falls_silent"]
    return turns.fall_silent(str(after) if after else None)


PARSERS: Mapping[str, Callable[[Mapping[str, object]], Turn]] = {
    "says": _parse_text,
    "thinks": _parse_thought,
    "calls": _parse_call,
    "together": _parse_combined,
    "gives": lambda value: turns.give_result(value["gives"]),
    "refuses": lambda value: turns.refuse_answer(str(value["refuses"] or "")),
    "fails": _parse_failure,
    "limited": lambda value: turns.limit_usage(resets_in=float(str(value["limited"]))),
    "cuts_off": lambda value: turns.cut_off(str(value["cuts_off"] or "I will")),
    "falls_silent": _parse_silence,
    "slow": lambda value: turns.delay_turn(float(str(value["slow"])), parse_turn(value["turn"])),
    "forever": lambda value: turns.repeat_turn(parse_turn(value["forever"])),
}
