"""What `theseus repair` asks on a terminal: which of several answers is right."""

import asyncio
import string
import sys
from collections.abc import Callable
from typing import TextIO

from bot.cli.output import print_error
from bot.repair.calls import CallQuestion, StatedAnswer


class TerminalQuestions:
    """Asks whoever sits at a terminal; implements `bot.repair.questions.Ask`.

    The answers have letters: one that is a number would be taken for another one's.
    """

    def __init__(
        self,
        hide: Callable[[], None],
        read_from: TextIO | None = None,
        say: Callable[[str], None] = print_error,
    ) -> None:
        self._hide, self._say = hide, say
        self._read_from = read_from or sys.stdin

    async def __call__(self, question: CallQuestion) -> StatedAnswer | None:
        """Return what was said, or nothing where it is left open."""
        self._hide()
        letters = string.ascii_lowercase[: len(question.choices)]
        rows = [
            f"  {letter}) {told}" for letter, told in zip(letters, question.choices, strict=True)
        ]
        self._say(
            "\n".join(["Several edits pass, and no test tells them apart.", question.text, *rows])
        )
        while True:
            self._say(f"Which is right? Type {', '.join(letters)}, or just Enter to leave it open.")
            line = await _read_line(self._read_from)
            said = line.strip().lower().rstrip(")")
            if not said:
                return None
            if len(said) == 1 and said in letters:
                number = letters.index(said)
                return StatedAnswer(question, number if number < len(question.answers) else None)


async def _read_line(read_from: TextIO) -> str:
    """Return the next line, nothing at the end; a signal may end the wait."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(read_from, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(read_from)
    return read_from.readline()
