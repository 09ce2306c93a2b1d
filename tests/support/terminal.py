"""A simulated person at a terminal: runs a program on a pseudo-terminal, reads it and types into
it.
"""

import asyncio
import os
import pty
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

# A terminal becomes the controlling one of a session's leader, which is what Ctrl-C goes by.
_START = (
    "import fcntl, os, sys, termios\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])\n"
)
_SECONDS = 60.0
_RETRY_SECONDS = 10.0


class Terminal:
    """Runs `python <arguments>` on a terminal while it is entered; 200 columns, no colours."""

    def __init__(self, arguments: Sequence[str], folder: Path, variables: Mapping[str, str]):
        self._arguments = list(arguments)
        self._folder = folder
        self._variables = dict(variables) | {"TERM": "dumb", "COLUMNS": "200"}
        self._come = asyncio.Event()
        self._read_up_to = 0
        self._master = -1
        self.output = ""

    async def __aenter__(self) -> Self:
        """Start the program."""
        self._master, slave = pty.openpty()
        try:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable, "-c", _START, *self._arguments,
                cwd=self._folder, env=self._variables, start_new_session=True,
                stdin=slave, stdout=slave, stderr=slave,
            )  # fmt: skip
        finally:
            os.close(slave)
        os.set_blocking(self._master, False)
        asyncio.get_running_loop().add_reader(self._master, self._take)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the program, if it still runs."""
        if self._child.returncode is None:
            self._child.kill()
        await self._child.wait()
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)

    def _take(self) -> None:
        try:
            self.output += os.read(self._master, 65_536).decode(errors="replace")
        except BlockingIOError:
            return
        except OSError:  # the other end is closed
            asyncio.get_running_loop().remove_reader(self._master)
        self._come.set()

    async def see(self, text: str, seconds: float = _SECONDS) -> str:
        """Wait until a text is shown, after what was seen before; return what came up to it."""
        try:
            async with asyncio.timeout(seconds):
                while (found := self.output.find(text, self._read_up_to)) < 0:
                    self._come.clear()
                    await self._come.wait()
        except TimeoutError:
            raise AssertionError(f"{text!r} was not shown:\n{self.output}") from None
        begun, self._read_up_to = self._read_up_to, found + len(text)
        return self.output[begun : self._read_up_to]

    def type_line(self, line: str = "") -> None:
        """Type a line and press Enter."""
        os.write(self._master, f"{line}\n".encode())

    async def answer(self, question: str, line: str = "") -> str:
        """Wait for a question, and answer it; return what was shown up to it."""
        shown = await self.see(question)
        await self.see(": ")
        self.type_line(line)
        return shown

    async def leave(self, expected: str) -> None:
        """Press Ctrl-C, once more where it came before the program read (and is seen after a key).

        CPython looks for signals before it reads a line from a terminal, not while it begins to.
        """
        os.write(self._master, b"\x03")
        try:
            await self.see(expected, _RETRY_SECONDS)
        except AssertionError:
            os.write(self._master, b"\x03")
            await self.see(expected)

    async def wait_for_exit(self) -> int:
        """Wait for the program's end; return its exit code."""
        async with asyncio.timeout(_SECONDS):
            return await self._child.wait()
