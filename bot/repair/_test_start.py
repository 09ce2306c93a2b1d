"""Writes down which test program a command starts, whatever starts it: `make test`, a script.

Sent as source text to every Python that the command starts: standard library only, and no more of
it than is needed.
"""

import os
import sys

NOTED = "THESEUS_TESTS_STARTED"


def note_test_start(file: str) -> None:
    """Add a line to `file` where this process runs pytest or unittest and none above it does."""
    words = list(getattr(sys, "orig_argv", ()))[1:]
    while words and words[0].startswith("-") and words[0] != "-m":
        del words[: 2 if words[0] in ("-W", "-X") else 1]
    program, *rest = words[1:] if words[:1] == ["-m"] else words or [""]
    name = program.rpartition("/")[2].replace("py.test", "pytest")
    if name not in ("pytest", "unittest") or NOTED in os.environ:
        return
    import importlib.util
    import json
    from contextlib import suppress
    from pathlib import Path

    if importlib.util.find_spec(name) is None:
        return
    started = {
        "python": sys.executable,
        "words": ["-m", name, *rest],
        "folder": str(Path.cwd()),
        "environment": dict(os.environ),
    }
    os.environ[NOTED] = "yes"
    with suppress(OSError), Path(file).open("a", encoding="utf-8") as notes:
        notes.write(json.dumps(started) + "\n")
