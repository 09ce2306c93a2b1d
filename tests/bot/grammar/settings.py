"""Where a sentence of the tables is said."""

from bot.grammar import COMMAND_LINE

SETTINGS = {
    "here": COMMAND_LINE,
    "thread": COMMAND_LINE.replace(in_thread=True),
    "proposal": COMMAND_LINE.replace(reply_to="proposal"),
    "error": COMMAND_LINE.replace(reply_to="error"),
    "overheard": COMMAND_LINE.replace(addressed=False),
}
