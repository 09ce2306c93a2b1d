"""Asks on a terminal which of several answers is right, for `theseus repair`."""

import asyncio
import string
import sys
from collections.abc import Callable
from typing import TextIO

from theseus_repair.calls import CallQuestion, StatedAnswer


class TerminalQuestions:
    """Implements `theseus_repair.questions.Ask` on a terminal.

    The answers have letters, because an answer that is a number could be confused with the number
    of another answer.
    """

    def __init__(
        self,
        hide: Callable[[], None],
        say: Callable[[str], None],
        read_from: TextIO | None = None,
    ) -> None:
        self._hide, self._say = hide, say
        self._read_from = read_from or sys.stdin

    async def __call__(self, question: CallQuestion) -> StatedAnswer | None:
        """Return the stated answer, or `None` if the person leaves the question open."""
        self._hide()
        letters = string.ascii_lowercase[: len(question.choices)]
        rows = [
            f"  {letter}) {choice}"
            for letter, choice in zip(letters, question.choices, strict=True)
        ]
        self._say(
            "\n".join(["Several edits pass, and no test distinguishes them.", question.text, *rows])
        )
        while True:
            self._say(
                f"Which is right? Type {', '.join(letters)}, or press Enter to leave it open."
            )
            line = await _read_line(self._read_from)
            reply = line.strip().lower().rstrip(")")
            if not reply:
                return None
            if len(reply) == 1 and reply in letters:
                number = letters.index(reply)
                return StatedAnswer(question, number if number < len(question.answers) else None)


async def _read_line(read_from: TextIO) -> str:
    """Return the next line, or an empty string at the end of the input.

    Waiting in the event loop, not in `readline`, lets Ctrl-C cancel the wait.
    """
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(read_from, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(read_from)
    return read_from.readline()
