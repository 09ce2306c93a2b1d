"""The two checks: the diff guard, and the answers to the scripts of the base branch."""

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from check_pull_request.clone import SECONDS_PER_PROGRAM, Clone, run_program
from check_pull_request.settings import CheckError, Settings

_SECONDS_FOR_SCRIPTS = 900


class Finding(NamedTuple):
    """A finding of the diff guard; `line` is 0 if it is about the file or the change."""

    is_blocking: bool
    path: str
    line: int
    message: str


def run_guard(clone: Clone, head: str) -> list[Finding]:
    """Return the findings between the merge base and the head. Raises `CheckError`."""
    command = [
        sys.executable, "-I", "-m", "theseus_guard", "--repo", str(clone.folder),
        "--base", clone.merge_base, "--head", head, "--json",
    ]  # fmt: skip
    done = run_program(command, clone.folder, SECONDS_PER_PROGRAM)
    if done.status not in (0, 1):
        raise CheckError(f"theseus-guard failed: {done.error.strip() or done.status}")
    rows = [*map(_build_finding, json.loads(done.out)["findings"])]
    return sorted(rows, key=lambda each: not each.is_blocking)


def _build_finding(row: Mapping[str, Any]) -> Finding:
    # The guard writes the line in front of its message: "Line 7: ...".
    place, _, rest = row["message"].partition(": ")
    word, _, number = place.partition(" ")
    line = int(number) if word == "Line" and number.isascii() and number.isdigit() else 0
    return Finding(row["blocking"], row["path"], line, rest if line else row["message"])


class ScriptResult(NamedTuple):
    """The comparison of one script, or the reason why there is none."""

    name: str
    compared: Mapping[str, Any] | None = None
    trouble: str = ""
    reason: str = ""


def compare_answers(clone: Clone, settings: Settings, scratch: Path) -> list[ScriptResult] | str:
    """Run the scripts of the base branch with both commits, or return why they were not run."""
    if not settings.replays:
        return "the input replays names no folder"
    folder = settings.replays.strip("/")
    names = [name for name in clone.list_files(folder) if name.endswith((".yaml", ".yml"))]
    if not names:
        return f"the base branch has no scripts in {folder}"
    if settings.requirements and (reason := _install_packages(clone, settings, scratch)):
        return reason
    started, results = time.monotonic(), list[ScriptResult]()
    for name in names:
        left = _SECONDS_FOR_SCRIPTS - (time.monotonic() - started)
        if left <= 0:
            results.append(ScriptResult(name, reason="the time for scripts is used up"))
            continue
        path = scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(clone.read_file(name), encoding="utf-8")
        results.append(_run_script(clone, settings, scratch, name, left))
    return results


def _run_script(
    clone: Clone, settings: Settings, scratch: Path, name: str, seconds: float
) -> ScriptResult:
    """Compare the answers to one script. The code runs in a sandbox, or not at all."""
    command = [
        sys.executable, "-I", "-m", "theseus_rehearsal", "--repo", str(clone.folder),
        "--commit", clone.merge_base, "--compare", settings.head, f"--script={name}", "--json",
    ]  # fmt: skip
    if settings.start:  # a bot with its own start runs in this Python, with its requirements
        command += [f"--start={settings.start}", f"--python={sys.executable}"]
    done = run_program(command, scratch, min(seconds, SECONDS_PER_PROGRAM))
    if done.status not in (0, 1):
        reason = done.error.strip().removeprefix("theseus-rehearse: ")
        return ScriptResult(name, reason=reason or f"exit code {done.status}")
    try:
        data = json.loads(done.out)
        return ScriptResult(name, data["compared"], data["other"]["trouble"])
    except (ValueError, KeyError):
        # Two equal commits are not compared, and a program that dies may end with code 1.
        reason = done.error.strip()[-300:] or "there is nothing to compare"
        return ScriptResult(name, reason=reason)


def _install_packages(clone: Clone, settings: Settings, scratch: Path) -> str:
    """Install the packages that the base branch requires; return why that failed, or nothing.

    Those of the pull request are never installed: that would run code outside the sandbox.
    """
    try:
        text = clone.read_file(settings.requirements)
    except CheckError:
        return f"the base branch has no file {settings.requirements}"
    (scratch / "requirements.txt").write_text(text, encoding="utf-8")
    command = [sys.executable, "-I", "-m", "pip", "install", "--quiet", "-r", "requirements.txt"]
    done = run_program(command, scratch, SECONDS_PER_PROGRAM)
    if done.status == 0:
        return ""
    return f"{settings.requirements} of the base branch cannot be installed: {done.error[-300:]}"
