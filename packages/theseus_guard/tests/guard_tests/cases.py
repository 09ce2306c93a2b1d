"""Files, a protection and a short way to have one file's change judged by the diff guard."""

import difflib
import re

from theseus_guard import PythonText, inspect
from theseus_guard.protection import Protection
from theseus_guard.records import FileChange, Finding

DICE = "cogs/dice.py"
HERE = "tests/cogs/test_dice.py"
PROTECTION = Protection.create(
    review=(
        "bot/client.py",
        "bot/adapters/**",
        "packages/theseus_observe/**",
    ),
    named=("Makefile", "bot/settings/**", "tests/contracts/**"),
    never=(".git*", ".ci/**"),
).replace(max_changed_lines=100)
CODE = "def face(value: int) -> str:\n    return FACES[value]\n"
TEST = """import pytest

from cogs.dice import face


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1, "a"),
        (2, "b"),
        (3, "c"),
    ],
)
def test_faces(value: int, shown: str) -> None:
    assert face(value) == shown
    assert len(shown) == 1


def test_an_unknown_face_is_an_error() -> None:
    with pytest.raises(IndexError, match="range"):
        face(7)


def test_the_average_is_close() -> None:
    assert average() == pytest.approx(3.5, abs=1e-6)
    assert average() > 3
"""


_SECRET = re.compile(
    r"sk-secret|-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----", re.DOTALL
)


def redact(text: str) -> str:
    """Take out what the real redactor would, as far as these tests need it."""
    return _SECRET.sub("[redacted:secret]", text)


def make_source(path: str, before: str, after: str) -> dict[str, PythonText]:
    return {path: PythonText(before or None, after)} if after else {}


def make_patch(path: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"a/{path}" if before else "/dev/null",
        f"b/{path}" if after else "/dev/null",
    )
    mode = "" if before else "new file mode 100644\n"
    mode += "" if after else "deleted file mode 100644\n"
    return f"diff --git a/{path} b/{path}\n{mode}index 1..2\n{''.join(lines)}"


def judge_change(
    path: str,
    before: str,
    after: str,
    *,
    owned_files: frozenset[str] | None = None,
    allowed_new: frozenset[str] = frozenset(),
) -> tuple[Finding, ...]:
    status = "modified" if before and after else "added" if after else "deleted"
    diff = make_patch(path, before, after)
    lines = diff.split("\n@@", 1)[-1].splitlines()
    change = FileChange.model_validate(
        {
            "path": path,
            "status": status,
            "added": sum(line.startswith("+") for line in lines),
            "removed": sum(line.startswith("-") for line in lines),
        }
    )
    return inspect(
        diff,
        [change],
        owned_files=frozenset({path}) if owned_files is None else owned_files,
        base_files={path} if before else (),
        protection=PROTECTION,
        allowed_new=allowed_new,
        sources=make_source(path, before, after),
        redact=redact,
        known_import=lambda name: name in {"discord", "pytest", "bot", "cogs"},
    )
