"""`theseus guard`: runs the diff guard on any git repository, without a bot, key or state."""

import difflib
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from theseus_guard import (
    PythonText,
    build_approver_text,
    find_manifests,
    inspect,
    list_declared_modules,
    list_text_files,
)
from theseus_observe.redaction import redact

from bot.adapters.git_comparison import GitComparison
from bot.authority.path_classes import BUILT_IN, Guard, PathClass
from bot.authority.protection import Protection, normalise_path
from bot.cli.output import JsonOption, say
from bot.domain.change import Finding
from bot.domain.errors import ConfigError
from bot.infra.text_direction import isolate
from bot.settings import parse_protection

_OURS = ("bot/authority/", "bot/self_improvement/")
_CONFIG = "data/config.yaml"
_COLOURS = {"blocks": "bold red", "look": "yellow"}


def guard(
    base: Annotated[str, typer.Option(help="The revision before the change.")],
    head: Annotated[str, typer.Option(help="The revision after the change.")],
    repo: Annotated[Path, typer.Option(help="The repository.")] = Path(),
    named: Annotated[
        list[str] | None,
        typer.Option(help="A guarded file that a person asked to change. Can be repeated."),
    ] = None,
    max_lines: Annotated[
        int | None,
        typer.Option(min=1, help="The maximum number of changed lines. Default: as set at base."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check the change between two revisions of any git repository, and list the findings.

    Exit code 1: a finding blocks the change. Only the two revisions are compared: commits between
    them and files that are not committed do not count.

    Example: theseus guard --base "$(git merge-base main HEAD)" --head HEAD
    """
    judged = _judge(GitComparison.open(repo, base, head), frozenset(named or ()), max_lines)
    if as_json:
        sys.stdout.write(json.dumps(judged.to_json(), indent=2, ensure_ascii=False) + "\n")
    else:
        for line in judged.render_lines():
            say(line, _COLOURS.get(line.partition(" ")[0], ""))
    if any(finding.blocking for finding in judged.findings):
        raise typer.Exit(1)


class _Judged(NamedTuple):
    findings: tuple[Finding, ...]
    classes: Mapping[str, Guard | None]
    diff: str

    def to_json(self) -> dict[str, Any]:
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


def _judge(compared: GitComparison, named: frozenset[str], max_lines: int | None) -> _Judged:
    files, diff, changes = compared.list_files(), compared.get_diff(), compared.list_changes()
    _refuse_unknown_files(named, files | {change.path for change in changes})
    protection = _load_protection(compared, files).add_named_files(named)
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
    # The bot must not propose an empty change, but in a CI an empty change is harmless.
    findings = tuple(each for each in findings if each.rule != "empty")
    return _Judged(findings, classes, clean(build_approver_text(diff)))


def _refuse_unknown_files(named: frozenset[str], there: frozenset[str]) -> None:
    """Raise `ConfigError` if a name in `named` is no file at base or head.

    Such a name would allow nothing; most likely it is misspelled.
    """
    known = {normalise_path(path) for path in there}
    for name in sorted(each for each in named if normalise_path(each) not in known):
        near = difflib.get_close_matches(name, there, n=1)
        hint = f"did you mean {near[0]}?" if near else "give its path from the repository's root."
        raise ConfigError(f"--named {name}: base and head have no such file; {hint}")


def _load_protection(compared: GitComparison, files: frozenset[str]) -> Protection:
    """Return the path classes of the configuration at base, or defaults for a foreign repository.

    Base is used, because a change must not loosen the rules it is judged by. In a foreign
    repository, paths that no change may touch stay the same, files that control the checks are
    classed as `review`, and all other files are free.
    """
    if any(file.startswith(_OURS) for file in files):
        return parse_protection(compared.read_base(_CONFIG) or "", f"{_CONFIG} at base")
    never = {name: each for name, each in BUILT_IN.items() if each.guard == "never"}
    checks = BUILT_IN["checks"].replace(guard="review")
    everything = PathClass(guard="free", paths=("**",))
    return Protection(classes={**never, "checks": checks, "free": everything})


def _is_there(module: str, files: frozenset[str]) -> bool:
    """Return whether the repository contains a top-level module."""
    starts = (f"{module}/", f"{module}.py", f"src/{module}/", f"src/{module}.py")
    return any(file.startswith(starts) for file in files)
