"""What our code can do about a failure of another service."""

from bot.triage._clues import Clues

_LATE = ("TimeoutError", "asyncio.exceptions.TimeoutError")
_OVERLOADED = (429, 503)  # HTTP statuses that may come with a Retry-After
_EXPLAIN_REMEDY = "say it to people in words, with what they can do"


def list_refusal_remedies(clues: Clues) -> tuple[str, ...]:
    """Return what to do about a correct refusal that people saw as an error.

    Our check may refuse with its reason, but people read the name of an exception.
    """
    return (_EXPLAIN_REMEDY,) if clues.ours else ()


def list_remedies(clues: Clues, whose: str) -> tuple[str, ...]:
    """Return the remedies as text, best first; none if our code could not do better.

    If Discord fails, no one can be informed, and its library retries on its own. Errors that our
    own adapters report have been retried already.
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
