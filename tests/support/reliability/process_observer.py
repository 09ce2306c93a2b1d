"""Counts the state writes and the programs of a bot's process from inside it, and strikes there.

Python announces each opened file, renamed file, connection of SQLite and started program to an
audit hook, before it happens. So no code of the bot is replaced, and what it will do next year is
counted as well. The bot's own process is killed with SIGKILL.
"""

import errno
import os
import re
import select
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from tests.support.reliability.points import EffectLog, Strike, remove_ids

_WRITES = re.compile(
    r"\s*(?:INSERT(?:\s+OR\s+\w+)?\s+INTO|REPLACE\s+INTO|UPDATE(?:\s+OR\s+\w+)?|DELETE\s+FROM)"
    r"\s+[\"']?(\w+)",
    re.IGNORECASE,
)
_FILE_EVENTS = {"open": "write", "os.rename": "rename", "os.remove": "remove"}
_DEPTH = 3
"""Parts of a file's path that its effect's name has; a folder of scratch files is one effect."""
_READERS = frozenset(
    (
        "blame", "cat-file", "check-attr", "check-ignore", "check-ref-format", "cherry", "config",
        "describe", "diff", "diff-files", "diff-index", "diff-tree", "for-each-ref", "grep", "log",
        "ls-files", "ls-remote", "ls-tree", "merge-base", "merge-tree", "name-rev", "rev-list",
        "rev-parse", "show", "show-ref", "status", "symbolic-ref", "var", "version",
    )
)  # fmt: skip
"""Commands of git that change nothing."""
_ERRORS = {
    Strike.NO_SPACE: errno.ENOSPC,
    Strike.READ_ONLY: errno.EROFS,
    Strike.NO_DESCRIPTORS: errno.EMFILE,
    Strike.NO_PROCESSES: errno.EAGAIN,
    Strike.NO_MEMORY: errno.ENOMEM,
}


class ProcessObserver:
    """Watches this process; `home` is the folder whose files count."""

    def __init__(self, log: EffectLog, home: Path) -> None:
        self._log = log
        self._home = f"{home}/"
        self._local = threading.local()

    def install(self) -> None:
        """Watch from now on, until the process ends."""
        sys.addaudithook(self._handle_event)

    def _handle_event(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _HANDLERS or getattr(self._local, "is_busy", False):
            return
        self._local.is_busy = True
        try:
            _HANDLERS[event](self, event, arguments)
        finally:
            self._local.is_busy = False

    def _handle_file(self, event: str, arguments: tuple[Any, ...]) -> None:
        path = arguments[0]
        if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_TRUNC):
            return
        if isinstance(path, str | bytes | os.PathLike):
            text = os.fsdecode(path)
            if text.startswith(self._home) and "__pycache__" not in text:
                parts = text.removeprefix(self._home).split("/")[:_DEPTH]
                short = remove_ids("/".join(parts))
                self._note(f"file {_FILE_EVENTS[event]} {short}")

    def _handle_program(self, _event: str, arguments: tuple[Any, ...]) -> None:
        name = _describe_program([os.fsdecode(each) for each in arguments[1]])
        if name:
            self._note(f"program {name}")

    def _handle_database(self, _event: str, arguments: tuple[Any, ...]) -> None:
        self._local.database = Path(os.fsdecode(arguments[0])).name

    def _handle_connection(self, _event: str, arguments: tuple[Any, ...]) -> None:
        watch = _ConnectionWatch(self.note_commit, self._local.database)

        def begin(frame: FrameType, _event: str, _argument: object) -> None:
            if frame.f_code.co_filename != __file__:
                sys.setprofile(None)
                arguments[0].set_trace_callback(watch)

        sys.setprofile(begin)  # the connection is not usable before the call has returned

    def note_commit(self, name: str) -> None:
        """Count a transaction that is about to be committed."""
        if not getattr(self._local, "is_busy", False):
            self._local.is_busy = True
            try:
                self._note(f"state {name}")
            finally:
                self._local.is_busy = False

    def _note(self, effect: str) -> None:
        strike = self._log.add(effect)
        if strike is None:
            return
        if strike is Strike.KILL_BEFORE:
            _kill()
        elif strike in _ERRORS:
            raise OSError(_ERRORS[strike], os.strerror(_ERRORS[strike]))
        elif effect.startswith("program "):
            sys.setprofile(_ProgramEnd(at_start=strike is Strike.KILL_DURING))
        else:
            sys.setprofile(_kill_outside)


_HANDLERS: dict[str, Callable[[ProcessObserver, str, tuple[Any, ...]], None]] = {
    "sqlite3.connect": ProcessObserver._handle_database,
    "sqlite3.connect/handle": ProcessObserver._handle_connection,
    "subprocess.Popen": ProcessObserver._handle_program,
    **dict.fromkeys(_FILE_EVENTS, ProcessObserver._handle_file),
}


class _ConnectionWatch:
    """Is told each statement of a connection before SQLite runs it."""

    def __init__(self, note_commit: Callable[[str], None], database: str) -> None:
        self._note_commit = note_commit
        self._database = database
        self._tables: set[str] = set()
        self._is_open = False

    def __call__(self, statement: str) -> None:
        word = statement.lstrip()[:8].upper()
        if word.startswith(("BEGIN", "ROLLBACK")):
            self._tables.clear()
            self._is_open = word.startswith("BEGIN")
        elif word.startswith(("COMMIT", "END")):
            tables, self._tables, self._is_open = sorted(self._tables), set(), False
            if tables:
                self._note_commit(f"{self._database}: {', '.join(tables)}")
        elif found := _WRITES.match(statement):
            if self._is_open:
                self._tables.add(found[1])
            else:
                self._note_commit(f"{self._database}: {found[1]}")


class _ProgramEnd:
    """Kills this process once the program runs, or once it has ended."""

    def __init__(self, *, at_start: bool) -> None:
        self._at_start = at_start

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        if event != "return" or frame.f_code.co_name != "_execute_child":
            return
        sys.setprofile(None)
        if self._at_start:
            _kill()
        pid = os.pidfd_open(frame.f_locals["self"].pid)
        threading.Thread(target=_kill_after, args=(pid,), daemon=True).start()


def _kill_after(descriptor: int) -> None:
    select.select([descriptor], [], [])
    _kill()


def _kill_outside(frame: FrameType, _event: str, _argument: object) -> None:
    """Kill this process as soon as the call that was announced has returned."""
    if frame.f_code.co_filename != __file__:
        _kill()


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _describe_program(arguments: list[str]) -> str:
    """Return the program with its command, without ids; empty for one that changes nothing."""
    name = Path(arguments[0]).name
    if name != "git":
        return remove_ids(name)
    words, is_value = [], False
    for word in arguments[1:]:
        if is_value or word.startswith("-"):
            is_value = not is_value and word in ("-c", "-C", "--git-dir", "--work-tree")
        else:
            words.append(word)
    command = words[0] if words else ""
    if command in _READERS:
        return ""
    return " ".join(["git", command, *words[1:2]]) if command == "worktree" else f"git {command}"
