"""Which commits may be behind a failure: blame of the lines, then what changed the files lately.

The constants that a failing line reads count like the line: what changed may be in them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from theseus_guard.git_output import name_of, parse_file_changes, parse_names
from theseus_guard.git_settings import PLAIN_DIFF
from theseus_guard.unified_diff import Hunk, parse

from bot.domain.evidence import Commit, Suspect
from bot.infra.git import Git
from bot.infra.git_parse import COMMIT_FORMAT, parse_commits, parse_renames
from bot.infra.module_constants import find_constants

Site = tuple[str, int]

NEAR = 3  # lines around a site that count as touching it
_RECENT = 10  # commits a search looks back over the files

# What a commit's touch is worth; how recent it is adds up to the rest.
_THE_LINE, _BESIDE, _RECENCY = 0.6, 0.45, 0.4

_SHA = re.compile(r"[0-9a-f]{7,64}")
_BLAMED = re.compile(rb"^([0-9a-f]{40,64}) \d+ (\d+)", re.MULTILINE)
# A commit is described where it comes first; every line of code begins with a tab.
_CALLED = re.compile(
    rb"^([0-9a-f]{40,64}) [\d ]+\n(?:[a-z][^\n]*\n)*?filename ([^\n]+)$", re.MULTILINE
)


class Touch(NamedTuple):
    """How closely a commit touched a site: a weight, a text, and the file's name at that time."""

    weight: float
    reason: str
    name: str = ""


class SuspectDiff(NamedTuple):
    """The changes of a commit: its diff of the requested files, and the changed lines per file.

    Files that the commit added completely or moved unchanged are in `imported` and not in the diff,
    because there is no earlier version to compare with.
    """

    diff: str
    imported: frozenset[str]
    line_counts: dict[str, int]


def find_suspects(git: Git, sites: Sequence[Site], limit: int) -> tuple[Suspect, ...]:
    """Return suspects, best first. Merges, root commits and uncommitted lines are not suspects.

    A commit that only imported the files is not one either: it is on every line of them, so it says
    nothing about the fault.
    """
    known = [site for site in dict.fromkeys(sites) if _has_line(git, *site)]
    files = tuple(dict.fromkeys(file for file, _ in known))
    if not files:
        return ()
    touches: dict[tuple[str, str], Touch] = {}
    for file, line in known:
        _blame(git, file, line, touches)
        _blame_constants(git, file, line, touches)
    found = _list_candidates(git, dict.fromkeys(sha for sha, _ in touches), files)
    ranked = []
    for rank, commit in enumerate(found):
        here = {file: touches.get((commit.sha, file), Touch(0.0, "", file)) for file in files}
        change = _look_at(git, commit.sha, [touch.name for touch in here.values()])
        if change.imported and not change.diff:
            continue
        changed = [file for file in files if here[file].name not in change.imported]
        blamed = [here[file] for file in changed if here[file].weight]
        touch = (
            max(blamed, key=lambda each: each.weight, default=None)
            or _match_hunks(change.diff, known)
            or _build_file_touch(change.diff, changed)
        )
        score = touch.weight + _RECENCY * (1 - rank / len(found))
        ranked.append(_build_suspect(git, commit, change, touch.reason, round(min(score, 1), 3)))
    ranked.sort(key=lambda suspect: -suspect.score)  # stable: the newer one first
    return tuple(ranked[:limit])


def find_suspects_since(
    git: Git, commit: str, files: Sequence[str], limit: int
) -> tuple[Suspect, ...]:
    """Return the commits after one that touch the files, those of the first file first.

    Those that only imported files come last.
    """
    if not _SHA.fullmatch(commit) or git.run("cat-file", "-e", commit, ok=None).status != 0:
        return ()
    found: dict[str, Suspect] = {}
    imports: dict[str, Suspect] = {}
    for file in files:
        only = ("--max-parents=1", f"{commit}..HEAD", "--", file)
        logged = git.run("log", "-z", f"-n{limit}", COMMIT_FORMAT, *only)
        for each in parse_commits(logged.out):
            if each.sha in found or each.sha in imports:
                continue
            change = _look_at(git, each.sha, files)
            group = found if change.diff else imports
            group[each.sha] = _build_suspect(git, each, change, f"changed {file} since", 0)
    return (*found.values(), *imports.values())[:limit]


def _build_suspect(
    git: Git, commit: Commit, change: SuspectDiff, reason: str, score: float
) -> Suspect:
    return Suspect(
        commit=commit,
        reason=reason,
        diff=change.diff,
        touched=_list_changed_files(git, commit.sha),
        line_counts=change.line_counts,
        score=score,
    )


def _look_at(git: Git, sha: str, files: Sequence[str]) -> SuspectDiff:
    """Return what a commit changed in `files`, which may have had other names before it."""
    listing = git.run(
        "diff-tree", "-r", "-z", "-M", "--raw", "--numstat", "--no-commit-id", "--root", sha
    ).out
    counts = {each.path: each.added + each.removed for each in parse_file_changes(listing)}
    old_names = parse_renames(listing)
    names_then = [old_names[file] for file in files if file in old_names]
    patches = parse(read_commit_diff(git, sha, (*files, *names_then)))
    imported = frozenset(
        patch.path for patch in patches if patch.status == "added" or not patch.hunks
    )
    changed = [file for file in files if file not in imported]
    names_then = [old_names[file] for file in changed if file in old_names]
    diff = read_commit_diff(git, sha, (*changed, *names_then)) if changed else ""
    return SuspectDiff(diff, imported & frozenset(files), counts)


def log(git: Git, files: Iterable[str], limit: int, *, merges: bool = True) -> tuple[Commit, ...]:
    """Return the newest commits that touch any of `files`, newest first."""
    named = tuple(files)
    if not named or limit < 1:
        return ()
    only = () if merges else ("--max-parents=1", "--min-parents=1")
    return parse_commits(git.run("log", "-z", f"-n{limit}", *only, COMMIT_FORMAT, "--", *named).out)


def read_commit_diff(git: Git, sha: str, files: Iterable[str]) -> str:
    """Return a commit's diff against its parent, of `files` only."""
    shown = git.run(
        "diff-tree", "-p", "-M", *PLAIN_DIFF, f"-U{NEAR}", "--no-commit-id", "-r", sha, "--", *files
    )
    return shown.out.decode(errors="replace")


def _list_changed_files(git: Git, sha: str) -> tuple[str, ...]:
    """Return every file a commit changed, in both names where it was renamed."""
    listing = git.run("diff-tree", "--name-only", "--no-renames", "--no-commit-id", "-r", "-z", sha)
    return tuple(parse_names(listing.out))


def _has_line(git: Git, file: str, line: int) -> bool:
    """Return whether git tracks the file and its version in the folder has this line."""
    if line < 1 or git.run("ls-files", "--error-unmatch", "--", file, ok=None).status != 0:
        return False
    try:
        content = (git.folder / file).read_bytes()
    except OSError:
        return False
    return line <= len(content.splitlines())


def _blame(git: Git, file: str, line: int, touches: dict[tuple[str, str], Touch]) -> None:
    """Record the commits that last changed the lines around a site; an exact hit weighs more."""
    for sha, number, name in _iterate_blame(git, file, max(1, line - NEAR), line + NEAR):
        touch = (
            Touch(_THE_LINE, f"last changed {file}:{line}", name)
            if number == line
            else Touch(_BESIDE, f"changed the lines around {file}:{line}", name)
        )
        _record_touch(touches, sha, file, touch)


def _blame_constants(git: Git, file: str, line: int, touches: dict[tuple[str, str], Touch]) -> None:
    """Record the commits that last changed the module's constants that a site reads."""
    source = (git.folder / file).read_text(errors="replace")
    for constant in find_constants(source, line):
        reason = f"last changed {constant.name}, which {file}:{line} reads"
        for sha, _, name in _iterate_blame(git, file, constant.first_line, constant.last_line):
            _record_touch(touches, sha, file, Touch(_THE_LINE, reason, name))


def _iterate_blame(git: Git, file: str, first: int, last: int) -> Iterator[tuple[str, int, str]]:
    """Yield the commit, the number and the file's name at that time of each line."""
    lines = f"{first},{last}"
    shown = git.run("blame", "--porcelain", "--no-textconv", "-L", lines, "--", file, ok=None)
    called = dict(_CALLED.findall(shown.out))
    for sha, number in _BLAMED.findall(shown.out):
        yield sha.decode(), int(number), name_of(called.get(sha, file.encode()))


def _record_touch(touches: dict[tuple[str, str], Touch], sha: str, file: str, touch: Touch) -> None:
    standing = touches.get((sha, file))
    if standing is None or standing.weight < touch.weight:
        touches[sha, file] = touch


def _list_candidates(git: Git, touches: Iterable[str], files: Sequence[str]) -> tuple[Commit, ...]:
    """Return blamed and recent commits that have exactly one parent, newest first."""
    recent = {commit.sha: commit for commit in log(git, files, _RECENT, merges=False)}
    older = [sha for sha in touches if sha not in recent and sha.strip("0")]
    if older:
        parents = git.run("log", "-z", "--no-walk=unsorted", "--format=%H %P", *older, "--")
        single = [
            words[0]
            for words in (entry.split() for entry in parents.out.decode().split("\0"))
            if len(words) == 2  # itself and one parent
        ]
        if single:
            named = git.run("log", "-z", "--no-walk=unsorted", COMMIT_FORMAT, *single, "--")
            recent |= {commit.sha: commit for commit in parse_commits(named.out)}
    return tuple(sorted(recent.values(), key=lambda commit: commit.at, reverse=True))


def _match_hunks(diff: str, sites: Sequence[Site]) -> Touch | None:
    """Return a touch if the diff changed lines at a site; blame cannot see removed lines."""
    for patch in (each for each in parse(diff) if each.status != "deleted"):
        for file, line in sites:
            if patch.path == file and any(_is_in_hunk(hunk, line) for hunk in patch.hunks):
                return Touch(_BESIDE, f"changed the lines around {file}:{line}")
    return None


def _is_in_hunk(hunk: Hunk, line: int) -> bool:
    """Return whether a hunk with its context, `NEAR` lines on each side, contains `line`."""
    return hunk.new <= line <= hunk.new + max(1, sum(sign in " +" for sign, _ in hunk.lines))


def _build_file_touch(diff: str, files: Sequence[str]) -> Touch:
    changed = {path for patch in parse(diff) for path in (patch.path, patch.old_path)}
    touched = [file for file in files if file in changed]
    return Touch(0.0, f"changed {touched[0] if touched else files[0]} lately")
