"""The buttons with which the author of a message says what it means."""

from bot.domain.intents import Intent
from bot.domain.posts import Button, Post
from bot.domain.run import Run, Status
from bot.presentation.markdown import escape_line

ACTION = "meant"
"""The second part of the id of such a button, after `theseus:`."""
OTHER = "other"
"""The third part of the id of “Not what I meant”."""
OTHER_LABEL = "Not what I meant"

_LABELS = {
    Intent.FIX: "Something is broken, fix it",
    Intent.INVESTIGATE: "Something is broken",
    Intent.CHANGE: "Something new or different",
    Intent.ASK: "A question",
}
_STOPPED = "I stopped it. What do you mean?"
_ASKED = "What do you mean? I start nothing until you press a button."


def build_meaning_buttons(
    may_mean: tuple[Intent, ...], *source: str, without: Intent | None = None
) -> tuple[Button, ...]:
    """Return a button for each kind of request, those in `may_mean` first, and one for none.

    Args:
        may_mean: The likely kinds.
        source: The message or run that the buttons are about, if they do not reply to it.
        without: A kind that the message does not mean.
    """
    fault = Intent.FIX if Intent.FIX in may_mean or without is Intent.INVESTIGATE else None
    others = (fault or Intent.INVESTIGATE, Intent.CHANGE, Intent.ASK)
    kinds = [
        each for each in dict.fromkeys((*may_mean, *others)) if each in others and each != without
    ]
    buttons = [
        Button(label=_LABELS[kind], action=ACTION, arguments=(kind.value, *source))
        for kind in kinds
    ]
    return (*buttons, Button(label="Nothing", action=ACTION, arguments=("nothing", *source)))


def build_other_button(*source: str) -> Button:
    """Return the button “Not what I meant”."""
    return Button(label=OTHER_LABEL, action=ACTION, arguments=(OTHER, *source))


def build_run_buttons(run: Run) -> tuple[Button, ...]:
    """Return “Not what I meant” for a run that words started, unless its result is decided."""
    decided = run.has_ended and (
        not run.can_be_retried or run.status in (Status.CANCELLED, Status.REJECTED)
    )
    if decided or not run.trigger.is_from_message:
        return ()
    return (build_other_button("run", run.id),)


def render_meaning_question(
    may_mean: tuple[Intent, ...] = (),
    *source: str,
    without: Intent | None = None,
    has_stopped: bool = False,
    question: str = "",
) -> Post:
    """Return the question what a message means.

    `has_stopped` says that its run was ended. A model's own `question` is shown before ours.
    """
    buttons = build_meaning_buttons(may_mean, *source, without=without)
    text = _STOPPED if has_stopped else _ASKED
    return Post(text=f"{escape_line(question)}\n{text}" if question else text, buttons=buttons)
