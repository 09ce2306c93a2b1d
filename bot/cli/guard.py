"""`theseus guard`: the diff guard alone, on any git repository, without a bot, a key or a state."""

import difflib
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from bot.adapters.git_comparison import GitComparison
from bot.authority.path_classes import BUILT_IN, Guard, PathClass
from bot.authority.protection import Protection, normalise_path
from bot.cli.output import JsonOption, say
from bot.domain.change import Finding
from bot.domain.errors import ConfigError
from bot.guards import (
    PythonText,
    build_approver_text,
    find_manifests,
    inspect,
    list_declared_modules,
    list_text_files,
)
from bot.infra.text_direction import isolate
from bot.redaction import redact
from bot.settings import parse_protection

_OURS = ("bot/authority/", "bot/self_improvement/")
_CONFIG = "data/config.yaml"
_COLOURS = {"blocks": "bold red", "look": "yellow"}


def guard(
    base: Annotated[str, typer.Option(help="The revision the change starts from.")],
    head: Annotated[str, typer.Option(help="The revision it leads to.")],
    repo: Annotated[Path, typer.Option(help="The repository.")] = Path(),
    named: Annotated[
        list[str] | None,
        typer.Option(help="A guarded file the change was asked for by name; may be repeated."),
    ] = None,
    max_lines: Annotated[
        int | None, typer.Option(min=1, help="How many lines a change may have; else base's.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what stands against a change of any repository.

    Exit code 1: something blocks it. Exactly what leads from one revision to the other is judged.

    For example: theseus guard --base "$(git merge-base main HEAD)" --head HEAD
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
        """Return it for a program; paths stay what they are, messages lose what is secret."""
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
        """Yield it for a person: what blocks first, then what to look at, then the files."""
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
    clean = lru_cache(maxsize=None)(redact)  # the guard and the reader go by the same text
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
    findings = tuple(each for each in findings if each.rule != "empty")  # nothing is no harm
    return _Judged(findings, classes, clean(build_approver_text(diff)))


def _refuse_unknown_files(named: frozenset[str], there: frozenset[str]) -> None:
    """Refuse a name that no file has, which would allow nothing. Raises `ConfigError`."""
    known = {normalise_path(path) for path in there}
    for name in sorted(each for each in named if normalise_path(each) not in known):
        near = difflib.get_close_matches(name, there, n=1)
        hint = f"did you mean {near[0]}?" if near else "give its path from the repository's root."
        raise ConfigError(f"--named {name}: there is no such file at base or head; {hint}")


def _load_protection(compared: GitComparison, files: frozenset[str]) -> Protection:
    """Return what base's own configuration says; a repository that is not ours has none.

    There nobody is asked to name a file. What is no part of any change is the same everywhere;
    what decides how checks run is pointed out, and the rest is free.
    """
    if any(file.startswith(_OURS) for file in files):
        return parse_protection(compared.read_base(_CONFIG) or "", f"{_CONFIG} at base")
    never = {name: each for name, each in BUILT_IN.items() if each.guard == "never"}
    checks = BUILT_IN["checks"].replace(guard="review")
    everything = PathClass(guard="free", paths=("**",))
    return Protection(classes={**never, "checks": checks, "free": everything})


def _is_there(module: str, files: frozenset[str]) -> bool:
    """Whether a top-level module lies in the repository."""
    starts = (f"{module}/", f"{module}.py", f"src/{module}/", f"src/{module}.py")
    return any(file.startswith(starts) for file in files)
