"""How well a failure matches a text. Deterministic; no model.

Four kinds of evidence are read from the text: named commands (`/tag show`, or all words of one in
any of their forms: "showing a tag"), error types, files, and other meaningful words. A failure
explains a word that occurs in its action's kind (a task, a listener) or name, its files, functions,
error or message.

A failure is certain if nothing in the text speaks against it:

- its command is named with a slash;
- its action, error or file is named, and it explains at least half of the text; or it explains all
  of it;
- its command is named in prose, or a word of its name or file occurs in the text, or it explains
  more than half; the text says that it fails, and no other failure explains any of it;
- and no command is named that has not failed, and no failure of another action matches as well.

Otherwise it is likely if its name, files, functions or type explain any word.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from bot.domain.journal import FailureGroup, Kind

_SUFFIXES = ("ingly", "edly", "ings", "ing", "ers", "ies", "ied", "er", "ed", "es", "s", "e", "y")
_STOPWORDS = """
    a an the that this it is are was be on in of for to and or my our your with when whenever again
    thing bot command feature broken crash error bug issue problem fail keep always just stop work
    does not doe something some every time please still weird wrong
"""
_NOISE = frozenset(_STOPWORDS.split())

_SPOKEN = frozenset({"fix", "investigate", "change", "ask", "about"})
"""Commands that are also words of requests, so they count only with a slash."""

_ENOUGH = 0.5
_COMPANY = """
    after all any anymore as at before break but by can cannot could do don first from get give
    go got had has have he here how i if into look me member more most never no nobody now
    nothing only out people person properly refuse respond return run say see seem she since so
    than them then there they thing throw today try two up us use user we what where which while
    who why will won would yesterday
"""
_TASK = "task loop job background"
_SLASH = re.compile(r"(?<![\w/.:])[/!](?P<path>[a-z][\w-]*(?: [a-z][\w-]*){0,2})", re.IGNORECASE)
_FILE = re.compile(r"[\w./-]*\b\w+\.py\b")
_CIRCUMSTANCE = re.compile(
    r"\b(?:unless|until|till|after|before|when|whenever|while|if|once)\b[^,;.]*", re.IGNORECASE
)
_TOKEN = re.compile(r"[a-z][\w-]*", re.IGNORECASE)


def stem(token: str) -> str:
    """Return a crude stem: `rolling`, `rolls`, `rolled` -> `roll`."""
    token = token.lower()
    for suffix in _SUFFIXES:
        if token.endswith(suffix) and len(token) - len(suffix) >= 3:
            token = token[: -len(suffix)]
            break
    if len(token) > 3 and token[-1] == token[-2] and token[-1] not in "ls":
        token = token[:-1]
    return token


def extract_stems(text: str) -> frozenset[str]:
    """Return the stems in `text` that say something; identifiers are split at `_`, `.` and case."""
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", text)
    stems = {stem(word) for word in re.findall(r"[A-Za-z]{2,}", spaced)}
    return frozenset(stems - _NOISE_STEMS)


_NOISE_STEMS = _NOISE | {stem(noise) for noise in _NOISE}
_FILLER_STEMS = frozenset(stem(word) for word in _COMPANY.split())


@dataclass(frozen=True)
class Fitting:
    """Which failures fit what is said, best first.

    `certain` are of one action; empty, it is one of the `likely`, or none. `idle` are commands that
    are named and have not failed.
    """

    certain: tuple[FailureGroup, ...] = ()
    likely: tuple[FailureGroup, ...] = ()
    idle: tuple[str, ...] = ()
    named: bool = False


@dataclass(frozen=True)
class _Likeness:
    """How one failure matches: `share` is the part of the text that it explains, 0 to 1.

    `named_after`: it is a command, and a word of its name or its file's name occurs in the text.
    """

    group: FailureGroup
    named: bool
    share: float
    topical: bool
    named_after: bool

    @property
    def certain(self) -> bool:
        return (self.named and self.share >= _ENOUGH) or (self.topical and self.share == 1.0)

    @property
    def rank(self) -> tuple[bool, float]:
        return self.named, self.share


def find_fitting_failures(
    text: str,
    failures: Iterable[FailureGroup],
    commands: Collection[str],
    *,
    fails: bool = False,
) -> Fitting:
    """Return which failures fit; `commands` are the qualified names of all there are.

    `fails`: people say that what they speak of fails, and not only that its answer is wrong.
    """
    groups = tuple(failures)
    failing = {group.newest.name for group in groups if group.newest.kind is Kind.COMMAND}
    known = failing | set(commands)
    slashed = _find_slash_commands(text, known)
    named = slashed or find_named_commands(text, known)
    idle = tuple(sorted(_find_idle_commands(text, named, known, failing)))
    found = sorted(
        (like for group in groups if (like := _measure_likeness(text, group, named))),
        key=lambda like: (like.rank, like.group.last_seen, like.group.count),
        reverse=True,
    )
    if slashed:
        certain = [each for each in found if _is_one_of(each.group, slashed)]
    else:
        certain = [] if idle else [each for each in found if each.certain]
        if fails and not (certain or idle) and _is_only_match(found, named):
            certain = found
    likely = tuple(each.group for each in found)
    if not certain or not (slashed or _is_single_action(certain)):
        return Fitting(likely=likely, idle=idle)
    if len({each.group.event for each in certain}) > 1 and slashed:
        return Fitting(likely=tuple(each.group for each in certain), idle=())
    best = certain[0].group.event
    same = tuple(each.group for each in certain if each.group.event == best)
    exactly = certain[0].named and certain[0].certain
    return Fitting(certain=same, likely=likely, idle=idle, named=exactly)


def _find_idle_commands(
    text: str, named: Collection[str], known: Collection[str], failing: Collection[str]
) -> frozenset[str]:
    """Return the named commands that have not failed.

    What is said to happen before, or to keep it off, is no subject where a failed one is: `cancel
    crashes unless I list them first`.
    """
    idle = frozenset(named) - frozenset(failing)
    subjects = find_named_commands(_CIRCUMSTANCE.sub(" ", text), known)
    return idle & subjects if idle and subjects & frozenset(failing) else idle


def _is_single_action(certain: list[_Likeness]) -> bool:
    """Return whether no failure of another action matches as well as the best."""
    best = certain[0]
    return all(each.group.event == best.group.event for each in certain if each.rank == best.rank)


def _is_only_match(found: list[_Likeness], named: Collection[str]) -> bool:
    """Return whether all matches are of one action that is named or explains most of the text."""
    if len({each.group.event for each in found}) != 1:
        return False
    best = found[0]
    return _is_one_of(best.group, named) or best.named_after or best.share > _ENOUGH


def _is_one_of(group: FailureGroup, names: Collection[str]) -> bool:
    return group.newest.kind is Kind.COMMAND and group.newest.name in names


def _measure_likeness(text: str, group: FailureGroup, named: Collection[str]) -> _Likeness | None:
    capsule = group.newest.error
    frames = capsule.frames if capsule else ()
    places = (f"{_stem(frame.file)} {frame.function}" for frame in frames)
    kind = _TASK if group.newest.kind is Kind.TASK else group.newest.kind
    topic = extract_stems(" ".join([kind, group.newest.name, *places]))
    type_ = capsule.exception.rpartition(".")[2].lower() if capsule else ""
    told = extract_stems(f"{capsule.exception} {capsule.message}") if capsule else frozenset()
    asked = extract_stems(_FILE.sub(lambda found: _stem(found[0]), text)) - _FILLER_STEMS
    by_topic, by_error = find_explained(asked, topic), find_explained(asked, told)
    is_typed = bool(type_) and type_ in {token.lower() for token in _TOKEN.findall(text)}
    is_named = _is_one_of(group, named) or any(
        file in {frame.file for frame in frames} for file in _FILE.findall(text)
    )
    if not (by_topic or is_typed or is_named):
        return None
    share = len(by_topic | by_error) / len(asked) if asked else 1.0
    innermost = _stem(frames[-1].file) if frames else ""
    names = extract_stems(f"{group.newest.name} {innermost}")
    named_after = group.newest.kind is Kind.COMMAND and bool(find_explained(asked, names))
    return _Likeness(group, is_named or is_typed, share, bool(by_topic), named_after)


def _stem(file: str) -> str:
    """Return a file's own name: `cogs/dice.py` -> `dice`; of `dice/__init__.py` its folder's."""
    parts = file.removesuffix(".py").removesuffix("/__init__").split("/")
    return parts[-1]


def find_explained(asked: frozenset[str], known: frozenset[str]) -> frozenset[str]:
    """Return those words that are among the known ones, exactly or a little longer."""
    return frozenset(
        word
        for word in asked
        if word in known or any(_is_form(word, other) or _is_form(other, word) for other in known)
    )


def _is_form(short: str, long: str) -> bool:
    return len(short) > 3 and long.startswith(short) and len(long) - len(short) <= 2


def has_any_name(text: str, names: Iterable[str]) -> bool:
    """Return whether `said` has a typed command, or a word of one of the `names` in any form.

    The names are those of commands, cogs and tasks. Words of a request ("please", "fix") name
    nothing.
    """
    known = extract_stems(" ".join(names)) - {stem(each) for each in _SPOKEN}
    return bool(_SLASH.search(text) or find_explained(extract_stems(text), known))


def has_typed_command(text: str) -> bool:
    """Return whether the text has a command as people type it: `/roll`."""
    return bool(_SLASH.search(text))


def _find_slash_commands(text: str, known: Collection[str]) -> frozenset[str]:
    """Return the commands named with a slash; of a group without a command, all of the group."""
    found: set[str] = set()
    for match in _SLASH.finditer(text):
        path = match["path"].lower().split()
        same = [name for name in known if name.split()[0] == path[0]]
        exact = [name for name in same if name.split() == path[: len(name.split())]]
        if exact:
            found.add(max(exact, key=len))
        else:
            found |= set(same) or {path[0]}
    return frozenset(found)


def find_named_commands(text: str, known: Collection[str]) -> frozenset[str]:
    """Return the commands whose words are all in the text; the longest of nested ones.

    A command that is a word of requests itself needs its slash.
    """
    tokens = {token.lower() for token in _TOKEN.findall(text)}
    named = [
        name for name in known
        if name not in _SPOKEN and all(_is_mentioned(word, tokens) for word in name.split())
    ]  # fmt: skip
    within = {name for name in named for other in named if set(name.split()) < set(other.split())}
    return frozenset(named) - within


def _is_mentioned(token: str, tokens: Collection[str]) -> bool:
    return not build_inflections(token).isdisjoint(tokens)


def build_inflections(token: str) -> frozenset[str]:
    """Return a word with English verb and noun endings: `ban`, `bans`, `banning`."""
    bare = token.removesuffix("e")
    ends = {"s", "es", "d", "ed", "ing"}
    return frozenset(
        {token, *(token + end for end in ends), *(bare + end for end in ("ing", "ed"))}
        | {token + token[-1] + end for end in ("ing", "ed")}
    )
