"""`theseus-guard`: runs the diff guard on any git repository, without a bot, key or state."""

import difflib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from theseus_guard import (
    PythonText,
    build_approver_text,
    find_manifests,
    inspect,
    is_test_file,
    list_declared_modules,
    list_text_files,
)
from theseus_guard.comparison import GitComparison
from theseus_guard.errors import GuardError, UnknownFile
from theseus_guard.protection import Guard, Protection, normalise_path
from theseus_guard.records import Finding
from theseus_guard.terminal import JsonOption, Terminal, create_terminal, run_command
from theseus_guard.terminal_text import keep
from theseus_guard.text_direction import isolate

_COLOURS = {"blocks": "bold red", "look": "yellow"}


@dataclass(frozen=True, slots=True)
class Rules:
    """The protection that a change is judged by, and the sentence that says where it is from."""

    protection: Protection
    source: str


def choose_rules(_compared: GitComparison) -> Rules:
    """Return the rules for any repository.

    No change may touch git's own files and secrets, files that control the checks are classed as
    `review`, and all other files are free.
    """
    return Rules(
        Protection(),
        "the general path classes: git's own files and secrets are closed, files that control "
        "checks need a review, all others are free",
    )


@dataclass(frozen=True, slots=True)
class GuardCommand:
    """The command, with the rules of whoever offers it. Base decides which rules hold."""

    terminal: Terminal
    choose_rules: Callable[[GitComparison], Rules]

    def run(
        self,
        base: Annotated[str, typer.Option(help="The revision before the change.")],
        head: Annotated[str, typer.Option(help="The revision after the change.")],
        repo: Annotated[Path, typer.Option(help="The repository.")] = Path(),
        named: Annotated[
            list[str] | None,
            typer.Option(help="A guarded file that a person asked to change. Can be repeated."),
        ] = None,
        max_lines: Annotated[
            int | None,
            typer.Option(
                min=1, help="The maximum number of changed lines. Default: as set at base."
            ),
        ] = None,
        as_json: JsonOption = False,
    ) -> None:
        """Check the change between two revisions of any git repository, and list the findings.

        Exit code 1: a finding blocks the change. Exit code 2: nothing could be checked, for example
        because the folder is not in a git repository. Only the two revisions are compared: commits
        between them and files that are not committed do not count.

        Example: theseus guard --base "$(git merge-base main HEAD)" --head HEAD
        """
        compared = GitComparison.open(repo, base, head)
        files = compared.list_files()
        rules = self.choose_rules(compared)
        self.terminal.print_error(_describe_repository(repo, files, rules))
        judged = _judge(
            compared, files, rules.protection, frozenset(named or ()), max_lines,
            self.terminal.redact,
        )  # fmt: skip
        if as_json:
            text = json.dumps(judged.to_json(self.terminal.redact), indent=2, ensure_ascii=False)
            sys.stdout.write(f"{text}\n")
        else:
            for line in judged.render_lines():
                self.terminal.say(line, _COLOURS.get(line.partition(" ")[0], ""))
        if any(finding.blocking for finding in judged.findings):
            raise typer.Exit(1)


def _describe_repository(repo: Path, files: frozenset[str], rules: Rules) -> str:
    """Return what the guard sees, for a person who wonders about a result."""
    python = [file for file in files if file.endswith(".py")]
    tests = sum(map(is_test_file, python))
    seen = f"{len(python)} Python files, {tests} of them tests" if python else "no Python file"
    return f"{repo.resolve().name}: {len(files)} files at base ({seen}); {rules.source}."


class _Judged(NamedTuple):
    findings: tuple[Finding, ...]
    classes: Mapping[str, Guard | None]
    diff: str

    def to_json(self, redact: Callable[[str], str]) -> dict[str, Any]:
        """Return the result as JSON data, with secrets removed from messages but not from paths.

        A redacted path would name no file.
        """
        findings = [
            {
                "rule": each.rule,
                "blocking": each.blocking,
                "path": each.path,
                "message": redact(each.message),
            }
            for each in self.findings
        ]
        return {"findings": findings, "classes": self.classes, "shown": self.diff}

    def render_lines(self) -> Iterator[str]:
        """Yield the lines for a person: blocking findings, other findings, then a summary."""
        findings = sorted(self.findings, key=lambda one: not one.blocking)
        rows = [_build_cells(each) for each in findings]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row, each in zip(rows, findings, strict=True):
            cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
            yield isolate(f"{'  '.join(cells)}  {each.message}")
        if findings:
            yield ""
        counted = Counter(name or "free" for name in self.classes.values())
        kinds = ", ".join(f"{count} {name}" for name, count in sorted(counted.items()))
        blocking = sum(each.blocking for each in findings)
        yield (
            f"{len(self.classes)} changed files ({kinds or 'none'}), {len(findings)} findings, "
            f"{blocking} blocking."
        )


def _build_cells(finding: Finding) -> tuple[str, str, str]:
    return "blocks" if finding.blocking else "look", finding.rule, finding.path or "-"


def _judge(
    compared: GitComparison,
    files: frozenset[str],
    protection: Protection,
    named: frozenset[str],
    max_lines: int | None,
    redact: Callable[[str], str],
) -> _Judged:
    diff, changes = compared.get_diff(), compared.list_changes()
    _refuse_unknown_files(named, files | {change.path for change in changes})
    protection = protection.add_named_files(named)
    if max_lines is not None:
        protection = protection.replace(max_changed_lines=max_lines)
    paths = [change.path for change in changes]
    # One cached function, because the guard and the printed diff redact the same lines.
    clean = lru_cache(maxsize=None)(redact)
    findings = inspect(
        diff,
        changes,
        base_files=files,
        owned_files=frozenset(paths),
        protection=protection,
        allowed_new=frozenset(),
        sources={
            path: PythonText(compared.read_base(old), compared.read_head(path))
            for path, old in list_text_files(diff)
        },
        redact=clean,
        known_import=lambda module: _is_there(module, files) or compared.is_imported(module),
        is_name_taken=compared.is_imported,
        declared=list_declared_modules(
            {path: compared.read_base(path) for path in find_manifests(files)}
        ),
    )
    classes: dict[str, Guard | None] = {
        path: found[1] if (found := protection.find_class(path)) else None for path in paths
    }
    # A bot must not propose an empty change, but in a CI an empty change is harmless.
    findings = tuple(each for each in findings if each.rule != "empty")
    return _Judged(findings, classes, clean(build_approver_text(diff)))


def _refuse_unknown_files(named: frozenset[str], there: frozenset[str]) -> None:
    """Raise `UnknownFile` if a name in `named` is no file at base or head.

    Such a name would allow nothing; most likely it is misspelled.
    """
    known = {normalise_path(path) for path in there}
    for name in sorted(each for each in named if normalise_path(each) not in known):
        near = difflib.get_close_matches(name, there, n=1)
        hint = f"did you mean {near[0]}?" if near else "give its path from the repository's root."
        raise UnknownFile(f"--named {name}: base and head have no such file; {hint}")


def _is_there(module: str, files: frozenset[str]) -> bool:
    """Return whether the repository contains a top-level module."""
    starts = (f"{module}/", f"{module}.py", f"src/{module}/", f"src/{module}.py")
    return any(file.startswith(starts) for file in files)


def main() -> None:
    """Run `theseus-guard`."""
    terminal = create_terminal("theseus-guard")
    if terminal.redact is keep:
        terminal.print_error("secrets are not looked for; install theseus-guard[secrets] for that.")
    run_command(terminal, GuardCommand(terminal, choose_rules).run, GuardError)
