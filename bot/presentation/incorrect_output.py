"""Texts and questions about a command that is said to give a wrong answer."""

from collections.abc import Callable

from bot.domain.incorrect_output import IncorrectOutput
from bot.presentation.cards import to_one_line, to_plain_text

Show = Callable[[str, int], str]

OLD_IS_RIGHT = "The old answer is right"
NEW_IS_RIGHT = "Today's is right"

_EMPTY = "nothing"
_PRESSES = "presses "  # how a script describes the press of a button
_ASKED, _LINE, _BUTTON = 200, 160, 80
_GAP = "\u200b"  # invisible


def describe_since(wrong: IncorrectOutput, show: Show = to_plain_text) -> str:
    """Return since which commit the answer differs; without a commit, the current answer.

    `show` makes text by others safe for the place where it is shown.
    """
    shown = format_request(wrong)
    since = wrong.since
    if since is None:
        return f"{shown} answers {format_current_output(wrong, show)}"
    commit = f"`{since.commit.sha[:7]}` ({show(since.commit.summary, 120)})"
    if since.unplayed:
        commit += f", or one of the {since.unplayed} before it that I could not replay,"
    new, old = _quote_text(since.new, show), _quote_text(since.old, show)
    return f"since {commit} {shown} answers {new} instead of {old}"


def format_request(wrong: IncorrectOutput) -> str:
    """Return the command as it was typed, or the button that was pressed."""
    if wrong.example is None:
        return "a command"
    asked = wrong.example.asked
    pressed = asked.removeprefix(_PRESSES)
    return (
        _format_code(asked) if pressed == asked else f"pressing {to_plain_text(pressed, _BUTTON)}"
    )


def format_current_output(wrong: IncorrectOutput, show: Show = to_plain_text) -> str:
    """Return the answer of today's code."""
    return _quote_text(" / ".join(wrong.today), show)


def render_question(wrong: IncorrectOutput) -> str:
    """Return the question: which answer is right, what it should be, or which command it is."""
    if wrong.example is None:
        return _render_command_question(wrong)
    statement = describe_since(wrong)
    statement = f"{statement[0].upper()}{statement[1:]}."
    if wrong.since is not None:
        return (
            f"{statement} Which answer is right? If neither is, say what the answer should contain."
        )
    checked = f"{wrong.commits} commits I checked" if wrong.commits > 1 else "existing commits"
    return (
        f"{statement} None of the {checked} gives a different answer. What should the answer "
        "contain? Say it like this: `it should say 31`."
    )


def _render_command_question(wrong: IncorrectOutput) -> str:
    """Return the question for the missing command, or for its options."""
    if wrong.form:
        return (
            "That command has not failed, and I do not know how you used it. Type it as you "
            f"did, with its options: {_format_code(wrong.form)}."
        )
    which = "Press its button, or type it" if wrong.likely else "Type it"
    typed = _format_code(wrong.likely[0] if wrong.likely else "/roll dice:2d6")
    return (
        "I am not sure which command gave the wrong answer, and I found no failure of it. "
        f"{which} as you did, with its options: {typed}."
    )


def list_choices(wrong: IncorrectOutput, wanted: str) -> tuple[str, ...]:
    """Return the answers to choose from; `wanted` is what the report says would be right."""
    if wrong.example is None:
        return tuple(to_one_line(each, _BUTTON) for each in wrong.likely)
    if wrong.since is not None:
        return (OLD_IS_RIGHT, NEW_IS_RIGHT)
    return (f"It should say “{to_one_line(wanted, _BUTTON - 20)}”",) if wanted else ()


def _format_code(text: str) -> str:
    """Return typed text as inline code; it cannot end the code or mention anyone."""
    shown = to_one_line(text, _ASKED).replace("`", "'").replace("@", f"@{_GAP}")
    return f"`{shown}`"


def _quote_text(text: str, show: Show) -> str:
    return f"“{show(text, _LINE)}”" if text else _EMPTY
