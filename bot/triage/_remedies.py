"""What is ours to do about a failure that is somebody else's: what people meet is our code."""

from bot.triage._clues import Clues

_LATE = ("TimeoutError", "asyncio.exceptions.TimeoutError")
_OVERLOADED = (429, 503)  # answers that may say when to come back
_EXPLAIN_REMEDY = "say it to people in words, with what they can do"


def list_refusal_remedies(clues: Clues) -> tuple[str, ...]:
    """Return what is ours to do about a refusal that is right, and that people met as an error.

    Our own check may say no with its reason; what people read was the name of an error.
    """
    return (_EXPLAIN_REMEDY,) if clues.ours else ()


def list_remedies(clues: Clues, whose: str) -> tuple[str, ...]:
    """Return them in words, best first; none where no code of ours could do better.

    Where Discord fails nobody can be told anything, and its library asks again by itself. What
    this project's own adapters report has been through that already.
    """
    if not clues.ours or clues.own_type or whose == "Discord":
        return ()
    if clues.status in _OVERLOADED:
        again = "wait as long as it asks for (`Retry-After`), and ask once more"
    elif clues.status is None and clues.is_a(*_LATE):
        again = "ask once more, with a limit people would wait for"
    else:
        again = "ask once more after a moment"
    return (again, _EXPLAIN_REMEDY)
