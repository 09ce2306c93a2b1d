"""Which files people named when they asked for the change a run makes."""

from bot.authority.protection import named_in
from bot.domain.history import History
from bot.domain.run import Run


def named_files(run: Run, history: History) -> frozenset[str]:
    """Return the files named in what people said to the bot in chat.

    In the text of a message or an incident that they only pointed at others may name what they
    like, and what reviewers write at the forge is not said to it. Only listed people's words are
    kept in a run.
    """
    said = [run.trigger.text] if run.trigger.own_words else []
    items = history.instructions.items if history.instructions else ()
    return named_in([*said, *(item.text for item in items if item.how != "review")])
