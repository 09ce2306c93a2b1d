"""What people are told and asked about a command that is said to answer wrongly."""

from collections.abc import Callable

from bot.domain.incorrect_output import IncorrectOutput
from bot.presentation.cards import to_one_line, to_plain_text

Show = Callable[[str, int], str]

OLD_IS_RIGHT = "The old answer is right"
NEW_IS_RIGHT = "Today's is right"

_EMPTY = "nothing"
_PRESSES = "presses "  # as a script's steps are told
_ASKED, _LINE, _BUTTON = 200, 160, 80
_GAP = "\u200b"  # nobody sees it


def describe_since(wrong: IncorrectOutput, show: Show = to_plain_text) -> str:
    """Return since when it answers otherwise; without a commit, what it answers.

    `show` makes others' words fit for where this is shown: a card does so by itself.
    """
    shown = format_request(wrong)
    since = wrong.since
    if since is None:
        return f"{shown} answers {format_current_output(wrong, show)}"
    commit = f"`{since.commit.sha[:7]}` ({show(since.commit.summary, 120)})"
    if since.unplayed:
        commit += f", or one of the {since.unplayed} before it that I could not play,"
    new, old = _quote_text(since.new, show), _quote_text(since.old, show)
    return f"since {commit} {shown} answers {new} instead of {old}"


def format_request(wrong: IncorrectOutput) -> str:
    """Return the command that is meant, as it is typed, or what is pressed."""
    if wrong.example is None:
        return "a command"
    asked = wrong.example.asked
    pressed = asked.removeprefix(_PRESSES)
    return (
        _format_code(asked) if pressed == asked else f"pressing {to_plain_text(pressed, _BUTTON)}"
    )


def format_current_output(wrong: IncorrectOutput, show: Show = to_plain_text) -> str:
    """Return what people read today."""
    return _quote_text(" / ".join(wrong.today), show)


def render_question(wrong: IncorrectOutput) -> str:
    """Return what is asked: which answer is right, what would be right, or which command it is."""
    if wrong.example is None:
        return _render_command_question(wrong)
    told = describe_since(wrong)
    told = f"{told[0].upper()}{told[1:]}."
    if wrong.since is not None:
        return f"{told} Which is right? If neither is, say what should stand in the answer."
    looked = (
        f"{wrong.commits} commits I looked through" if wrong.commits > 1 else "commits there are"
    )
    return (
        f"{told} None of the {looked} answers otherwise. What should stand in the answer? "
        "Say it like this: `it should say 31`."
    )


def _render_command_question(wrong: IncorrectOutput) -> str:
    """Return what is asked to learn the example: the options of a command, or the command."""
    if wrong.form:
        return (
            "Nothing of that command has failed, and I do not know how you used it. Type it as you "
            f"did, with its options: {_format_code(wrong.form)}."
        )
    which = "Press it, or type it" if wrong.likely else "Type it"
    typed = _format_code(wrong.likely[0] if wrong.likely else "/roll dice:2d6")
    return (
        "I am not sure which command answers wrongly, and nothing of it has failed. "
        f"{which} as you did, with its options: {typed}."
    )


def list_choices(wrong: IncorrectOutput, wanted: str) -> tuple[str, ...]:
    """Return the answers to press; `wanted` is what the complaint says would be right."""
    if wrong.example is None:
        return tuple(to_one_line(each, _BUTTON) for each in wrong.likely)
    if wrong.since is not None:
        return (OLD_IS_RIGHT, NEW_IS_RIGHT)
    return (f"It should say “{to_one_line(wanted, _BUTTON - 20)}”",) if wanted else ()


def _format_code(text: str) -> str:
    """Return what was typed, as code in which nothing ends it and nothing rings."""
    shown = to_one_line(text, _ASKED).replace("`", "'").replace("@", f"@{_GAP}")
    return f"`{shown}`"


def _quote_text(text: str, show: Show) -> str:
    return f"“{show(text, _LINE)}”" if text else _EMPTY
