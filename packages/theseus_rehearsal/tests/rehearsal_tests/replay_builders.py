"""Scripts and transcripts for tests, in a line each."""

from theseus_rehearsal.records import (
    CommandStep,
    PlayedError,
    PlayedStep,
    ScriptStep,
    SeenEvent,
    Transcript,
)


def command(text: str = "roll", **options: str | int | float | bool) -> CommandStep:
    """Return a command of alice's."""
    return CommandStep(command=text, options=options)


def seen(text: str = "", *parts: str, message: str = "m1", to: str = "") -> SeenEvent:
    """Return a message in #dev."""
    return SeenEvent(kind="message", channel="dev", to=to, message=message, text=text, parts=parts)


def error(name: str = "KeyError", at: str = "cogs/dice.py:41 in total") -> PlayedError:
    """Return a failure of /roll."""
    return PlayedError(event="command.roll", error=name, at=at)


def played(*events: SeenEvent, step: ScriptStep | None = None, **rest: object) -> PlayedStep:
    """Return a step and what was seen of it."""
    return PlayedStep(step=step or command(), seen=events).replace(**rest)


def transcript(*steps: PlayedStep, **rest: object) -> Transcript:
    """Return what came of steps."""
    return Transcript(steps=steps).replace(**rest)
