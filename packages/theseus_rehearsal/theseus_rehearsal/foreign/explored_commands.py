"""Steps that try a command: with harmless values, and then with what its answer shows."""

import re
from collections.abc import Iterator, Sequence

from theseus_rehearsal.records import (
    LAST,
    Actor,
    BotCommand,
    CommandStep,
    MenuStep,
    PlayedStep,
    PressStep,
    SayStep,
    Script,
    ScriptStep,
    ScriptWorld,
    SubmitStep,
    WaitStep,
)

OWNER, ROLE, _FILE = "owner", "crew", "test.txt"
PAUSE = WaitStep(wait=5.0)
_CONTENT = "dGVzdA=="  # a file that contains "test"
_BUTTON = re.compile(r"\[(?P<label>[^\[\]]+)\]")
_SELECT = re.compile(r"\[(?P<label>[^\[\]]*?): (?P<options>[^\[\]]*)\]")
_FIELD = re.compile(r"(?P<label>[^\n]*?)(?: \(optional\))?:(?: |$)")
_MOST_PRESSES = 4
_TEXT = "test"


def is_usable(command: BotCommand) -> bool:
    """Return whether there is a value for everything that a command needs."""
    return {*command.needs} <= {*command.values}


def build_steps(command: BotCommand, person: str) -> tuple[ScriptStep, ...]:
    """Return the steps that use a command on a person."""
    if command.kind == "user_menu":
        return (MenuStep(menu=command.text, on=f"@{person}", by=OWNER),)
    if command.kind == "message_menu":
        return SayStep(say=_TEXT, by=person), MenuStep(menu=command.text, on=LAST, by=OWNER)
    values = {
        name: value.format(person=person, role=ROLE, file=_FILE)
        if isinstance(value, str) and value in _NAMES
        else value
        for name, value in command.values.items()
    }
    if command.kind == "slash":
        files = {_FILE: _CONTENT} if _FILE in values.values() else {}
        return (CommandStep(command=command.text, options=values, files=files, by=OWNER),)
    return (SayStep(say=" ".join([command.text, *map(str, values.values())]), by=OWNER),)


_NAMES = ("@{person}", "@&{role}", "{role}", "{file}")


def build_script(attempts: Sequence[Sequence[ScriptStep]], people: int) -> Script:
    """Return a script of some attempts, with a pause after each step, and so many people."""
    steps = [PAUSE, *(each for steps in attempts for step in steps for each in (step, PAUSE))]
    owner = Actor(name=OWNER)
    others = tuple(Actor(name=get_person(at), roles=(ROLE,)) for at in range(people))
    return Script(world=ScriptWorld(people=(owner, *others)), steps=tuple(steps))


def get_person(at: int) -> str:
    """Return who an attempt is about: someone else each time, as some commands ban people."""
    return f"person{at + 1}"


def iterate_follow_ups(played: Sequence[PlayedStep]) -> Iterator[ScriptStep]:
    """Yield what a person can do with an answer: press its buttons, choose, fill in its form."""
    shown = [event for step in played for event in step.seen]
    forms = [event for event in shown if event.kind == "form"]
    if forms:
        fields = filter(None, map(_FIELD.match, forms[-1].parts))
        yield SubmitStep(submit={found["label"]: _TEXT for found in fields}, by=OWNER)
        return
    messages = [event for event in shown if event.kind in ("message", "edit")]
    presses = [press for event in messages for press in _iterate_presses(event.parts)]
    yield from list({press.press: press for press in presses}.values())[:_MOST_PRESSES]


def _iterate_presses(parts: Sequence[str]) -> Iterator[PressStep]:
    for part in parts:
        select = _SELECT.fullmatch(part)
        button = _BUTTON.fullmatch(part)
        if select and select["label"]:
            first = select["options"].split(" | ")[0].removeprefix("*")
            yield PressStep(press=select["label"], values=(first or f"@{OWNER}",), by=OWNER)
        elif button:
            yield PressStep(press=button["label"], by=OWNER)
