"""Where a sentence of the tables is said."""

from bot.grammar import COMMAND_LINE

SETTINGS = {
    "here": COMMAND_LINE,
    "thread": COMMAND_LINE.but(in_thread=True),
    "proposal": COMMAND_LINE.but(reply_to="proposal"),
    "error": COMMAND_LINE.but(reply_to="error"),
    "overheard": COMMAND_LINE.but(addressed=False),
}
