"""Which commits may be behind a failure: blame of the lines, then what changed the files lately."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bot.domain.evidence import Commit, Suspect
from bot.infra.git import PLAIN_DIFF, Git
from bot.infra.git_parse import COMMIT_FORMAT, commits, names
from bot.infra.unified_diff import Hunk, parse

Site = tuple[str, int]

NEAR = 3  # lines around a site that count as touching it
_RECENT = 10  # commits a search looks back over the files

# What a commit's touch is worth; how recent it is adds up to the rest.
_THE_LINE, _BESIDE, _RECENCY = 0.6, 0.45, 0.4
# Who wrote the whole file is on every line of it, and rarely why it began to fail.
_WROTE_IT_ALL = 0.15

_SHA = re.compile(r"[0-9a-f]{7,64}")
_BLAMED = re.compile(rb"^([0-9a-f]{40,64}) \d+ (\d+)", re.MULTILINE)


class Touch(NamedTuple):
    """How close a commit came to a site, and in which words."""

    weight: float
    reason: str


def suspects(git: Git, sites: Sequence[Site], limit: int) -> tuple[Suspect, ...]:
    """Return suspects, best first. Merges, root commits and uncommitted lines are none."""
    known = [site for site in dict.fromkeys(sites) if _exists(git, *site)]
    files = tuple(dict.fromkeys(file for file, _ in known))
    if not files:
        return ()
    touches: dict[str, Touch] = {}
    for file, line in known:
        _blame(git, file, line, touches)
    found = _ordinary(git, touches, files)
    ranked = []
    for rank, commit in enumerate(found):
        diff = diff_of(git, commit.sha, files)
        touch = (
            touches.get(commit.sha) or _by_hunks(diff, known) or _only_the_file(git, diff, files)
        )
        if _creates_all(diff):
            touch = Touch(_WROTE_IT_ALL, f"wrote {', '.join(files)}")
        score = touch.weight + _RECENCY * (1 - rank / len(found))
        ranked.append(
            Suspect(
                commit=commit,
                reason=touch.reason,
                diff=diff,
                touched=_touched(git, commit.sha),
                score=round(min(score, 1), 3),
            )
        )
    ranked.sort(key=lambda suspect: -suspect.score)  # stable: the newer one first
    return tuple(ranked[:limit])


def _creates_all(diff: str) -> bool:
    patches = parse(diff)
    return bool(patches) and all(patch.status == "added" for patch in patches)


def since(git: Git, commit: str, files: Sequence[str], limit: int) -> tuple[Suspect, ...]:
    """Return the commits after one that touch the files, those of the first file first."""
    if not _SHA.fullmatch(commit) or git.run("cat-file", "-e", commit, ok=None).status != 0:
        return ()
    found: dict[str, Suspect] = {}
    for file in files:
        only = ("--max-parents=1", f"{commit}..HEAD", "--", file)
        logged = git.run("log", "-z", f"-n{limit}", COMMIT_FORMAT, *only)
        for each in commits(logged.out):
            if each.sha not in found and len(found) < limit:
                found[each.sha] = Suspect(
                    commit=each,
                    reason=f"changed {file} since",
                    diff=diff_of(git, each.sha, files),
                    touched=_touched(git, each.sha),
                    score=0,
                )
    return tuple(found.values())


def log(git: Git, files: Iterable[str], limit: int, *, merges: bool = True) -> tuple[Commit, ...]:
    """Return the newest commits that touch any of `files`, newest first."""
    named = tuple(files)
    if not named or limit < 1:
        return ()
    only = () if merges else ("--max-parents=1", "--min-parents=1")
    return commits(git.run("log", "-z", f"-n{limit}", *only, COMMIT_FORMAT, "--", *named).out)


def diff_of(git: Git, sha: str, files: Iterable[str]) -> str:
    """Return a commit's diff against its parent, of `files` only."""
    shown = git.run(
        "diff-tree", "-p", *PLAIN_DIFF, f"-U{NEAR}", "--no-commit-id", "-r", sha, "--", *files
    )
    return shown.out.decode(errors="replace")


def _touched(git: Git, sha: str) -> tuple[str, ...]:
    """Return every file a commit changed, in both names where it was renamed."""
    listing = git.run("diff-tree", "--name-only", "--no-renames", "--no-commit-id", "-r", "-z", sha)
    return tuple(names(listing.out))


def _exists(git: Git, file: str, line: int) -> bool:
    """Whether the line is in the file as it stands in the folder, and git keeps that file."""
    if line < 1 or git.run("ls-files", "--error-unmatch", "--", file, ok=None).status != 0:
        return False
    try:
        content = (git.folder / file).read_bytes()
    except OSError:
        return False
    return line <= len(content.splitlines())


def _blame(git: Git, file: str, line: int, touches: dict[str, Touch]) -> None:
    """Note who last wrote the lines around a site; an exact hit replaces one beside it."""
    lines = f"{max(1, line - NEAR)},{line + NEAR}"
    shown = git.run("blame", "--porcelain", "--no-textconv", "-L", lines, "--", file, ok=None)
    for sha, number in _BLAMED.findall(shown.out):
        exact = int(number) == line
        touch = (
            Touch(_THE_LINE, f"last changed {file}:{line}")
            if exact
            else Touch(_BESIDE, f"changed the lines around {file}:{line}")
        )
        standing = touches.get(sha.decode())
        if standing is None or standing.weight < touch.weight:
            touches[sha.decode()] = touch


def _ordinary(git: Git, touches: Iterable[str], files: Sequence[str]) -> tuple[Commit, ...]:
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
            recent |= {commit.sha: commit for commit in commits(named.out)}
    return tuple(sorted(recent.values(), key=lambda commit: commit.at, reverse=True))


def _by_hunks(diff: str, sites: Sequence[Site]) -> Touch | None:
    """Tell whether a diff changed lines at a site: blame cannot see lines taken away there."""
    for patch in (each for each in parse(diff) if each.status != "deleted"):
        for file, line in sites:
            if patch.path == file and any(_covers(hunk, line) for hunk in patch.hunks):
                return Touch(_BESIDE, f"changed the lines around {file}:{line}")
    return None


def _covers(hunk: Hunk, line: int) -> bool:
    """Whether a hunk reaches `line`; its context makes that `NEAR` lines around the change."""
    return hunk.new <= line <= hunk.new + max(1, sum(sign in " +" for sign, _ in hunk.lines))


def _only_the_file(git: Git, diff: str, files: Sequence[str]) -> Touch:
    changed = {path for patch in parse(diff) for path in (patch.path, patch.old_path)}
    touched = [file for file in files if file in changed]
    return Touch(0.0, f"changed {touched[0] if touched else files[0]} lately")
