"""Records which test program a command starts, even indirectly: `make test`, a script.

Sent as source text to every Python that the command starts: standard library only, and as little
code as possible.
"""

import os
import sys

NOTED = "THESEUS_TESTS_STARTED"


def parse_test_arguments(arguments: "list[str]") -> "list[str]":
    """Return the test program and its arguments, of the words after `python`; empty if none."""
    arguments = list(arguments)
    while arguments and arguments[0].startswith("-") and arguments[0] != "-m":
        del arguments[: 2 if arguments[0] in ("-W", "-X") else 1]
    program, *rest = arguments[1:] if arguments[:1] == ["-m"] else arguments or [""]
    name = program.rpartition("/")[2].replace("py.test", "pytest")
    return ["-m", name, *rest] if name in ("pytest", "unittest") else []


def note_test_start(file: str) -> None:
    """Add a line to `file` if this process runs pytest or unittest and no parent process does.

    A Python that lacks the test program only creates the file, so that it is noticed as well.
    """
    words = parse_test_arguments(list(getattr(sys, "orig_argv", ()))[1:])
    if not words or NOTED in os.environ:
        return
    import importlib.util
    import json
    from contextlib import suppress
    from pathlib import Path

    started = {
        "python": sys.executable,
        "words": words,
        "folder": str(Path.cwd()),
        "environment": dict(os.environ),
    }
    with suppress(OSError), Path(file).open("a", encoding="utf-8") as notes:
        if importlib.util.find_spec(words[1]) is not None:
            notes.write(json.dumps(started) + "\n")
    os.environ[NOTED] = "yes"
