"""Diffs into the guard: whatever an agent commits, every rule gives an answer."""

from contextlib import ExitStack
from pathlib import Path

from theseus_guard import FileChange, Protection, PythonText, build_approver_text, hash_diff
from theseus_guard import inspect as inspect_diff
from theseus_guard import parse as parse_diff
from theseus_observe.redaction import redact

from tests.fuzz.judge import Case
from tests.fuzz.variation import build_text_case

_OLD = "import os\n\ndef face(value):\n    return FACES[value]\n\ndef test_a():\n    assert face(1) == 2\n"
SEEDS = (
    "diff --git a/cogs/dice.py b/cogs/dice.py\nindex 1a2b3c4..5d6e7f8 100644\n--- a/cogs/dice.py\n"
    "+++ b/cogs/dice.py\n@@ -1,4 +1,6 @@\n import os\n \n-def face(value):\n"
    "-    return FACES[value]\n+def face(value: int) -> str:\n+    import requests\n"
    "+    # \u202e noqa\n+    return eval(FACES[value - 1])\n",
    "diff --git a/tests/test_a.py b/tests/test_a.py\nnew file mode 100644\nindex 0000000..5d6e7f8\n"
    "--- /dev/null\n+++ b/tests/test_a.py\n@@ -0,0 +1,3 @@\n+import pytest\n"
    "+@pytest.mark.skip\n+def test_a(): assert True or f'{1:>{2}}'\n\\ No newline at end of file\n",
    "diff --git a/tests/test_b.py b/tests/test_b.py\ndeleted file mode 100644\nindex 5d6e7f8..0000000"
    "\n--- a/tests/test_b.py\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-def test_b():\n-    assert f(1) == 2\n",
    'diff --git "a/caf\\303\\251.py" "b/caf\\303\\251.py"\nsimilarity index 90%\nrename from a.py\n'
    "rename to b.py\nold mode 100644\nnew mode 100755\n--- a/a.py\n+++ b/b.py\n"
    "@@ -1 +1 @@ def f\n-x = 1\n+x = 2\n",
    "diff --git a/pyproject.toml b/pyproject.toml\nindex 1..2 100644\n--- a/pyproject.toml\n"
    '+++ b/pyproject.toml\n@@ -1,2 +1,3 @@\n [project]\n dependencies = [\n+  "reqeusts>=1",\n'
    "diff --git a/uv.lock b/uv.lock\nindex 1..2 100644\n--- a/uv.lock\n+++ b/uv.lock\n@@ -1 +1,2 @@\n"
    ' version = 1\n+source = { git = "https://example.org/x" }\nBinary files differ\n',
)


def build(folder: Path, stack: ExitStack) -> Case:
    """Return a case: a diff, with sources before and after as the diff shows them."""
    protection = Protection.create(review=("bot/**",), named=("Makefile",), never=(".env",))

    def inspect(data: bytes) -> None:
        diff = build_text_case(data, SEEDS)
        hash_diff(diff)
        patches = parse_diff(diff)
        changes = [
            FileChange(path=each.path, added=len(each.added_lines), removed=len(each.removed_lines))
            for each in patches
            if each.path
        ]
        sources = {}
        for each in patches:
            after = "\n".join(line for hunk in each.hunks for sign, line in hunk.lines
                              if sign in " +")  # fmt: skip
            sources[each.path] = PythonText(_OLD, after)
        found = inspect_diff(
            diff, changes, base_files={"cogs/dice.py", "tests/test_b.py"},
            owned_files=frozenset({"cogs/dice.py"}), protection=protection,
            allowed_new=frozenset(), sources=sources, redact=redact,
        )  # fmt: skip
        if not patches and not found:
            raise AssertionError("a diff that changes nothing passes")
        build_approver_text(diff)

    return inspect
