"""Which failure somebody means when they say "rolling dice keeps crashing"."""

import re
from collections.abc import Iterable

from bot.domain.journal import Action, FailureGroup, Kind
from bot.domain.run import Trigger

_SUFFIXES = ("ingly", "edly", "ings", "ing", "ers", "ies", "ied", "er", "ed", "es", "s", "e", "y")
_COMMON_WORDS = """
    a an the that this it is are was be on in of for to and or my our your with when whenever again
    thing bot command feature broken crash error bug issue problem fail keep always just stop work
    does not doe something some every time please still weird wrong
"""
_NOISE = frozenset(_COMMON_WORDS.split())


def stem(word: str) -> str:
    """Return a crude stem: `rolling`, `rolls`, `rolled` -> `roll`."""
    word = word.lower()
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            word = word[: -len(suffix)]
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
        word = word[:-1]
    return word


def words(text: str) -> frozenset[str]:
    """Return the stems in `text` that say something; identifiers are split at `_`, `.` and case."""
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", text)
    stems = {stem(word) for word in re.findall(r"[A-Za-z]{2,}", spaced)}
    return frozenset(stems - {stem(noise) for noise in _NOISE} - _NOISE)


def _overlap(asked: frozenset[str], text: str) -> int:
    known = words(text)
    return sum(
        1
        for word in asked
        if word in known
        or any(k.startswith(word) or word.startswith(k) for k in known if len(k) > 3)
    )


def score(subject: str, group: FailureGroup) -> float:
    """Return how well a failure fits what was said; 0 means not at all.

    The command's name and the failing files weigh most, then functions, exception and message;
    every word that is found anywhere counts once more.
    """
    asked = words(subject)
    if not asked:
        return 0.0
    capsule = group.newest.error
    files = " ".join(frame.file for frame in capsule.frames) if capsule else ""
    functions = " ".join(frame.function for frame in capsule.frames) if capsule else ""
    text = f"{capsule.exception} {capsule.message}" if capsule else ""
    return (
        3.0 * _overlap(asked, group.newest.name)
        + 2.0 * _overlap(asked, files)
        + 1.0 * _overlap(asked, functions)
        + 1.0 * _overlap(asked, text)
        + 2.0 * _overlap(asked, f"{group.newest.name} {files} {functions} {text}")
    )


def ranked(subject: str, groups: tuple[FailureGroup, ...]) -> tuple[FailureGroup, ...]:
    """Return the groups that fit, best first; of equals the more recent, then the more frequent."""
    scored = [(score(subject, group), group) for group in groups]
    fitting = [(points, group) for points, group in scored if points > 0]
    fitting.sort(key=lambda pair: (pair[0], pair[1].last_seen, pair[1].count), reverse=True)
    return tuple(group for _, group in fitting)


def others_work(groups: Iterable[FailureGroup]) -> tuple[FailureGroup, ...]:
    """Return the failures without those of our own work on the code: nobody means these."""
    return tuple(group for group in groups if group.newest.kind is not Kind.RUN)


def meant(
    trigger: Trigger, failures: tuple[FailureGroup, ...], named: Action | None
) -> tuple[tuple[FailureGroup, ...], str]:
    """Return the failures somebody means, best match first, and what was looked for, in words.

    `failures` are the recent ones; `named` is the record of the trigger's `error_id`, if there is
    one. An error that is named counts before words, and words before what failed last nearby.
    """
    if trigger.error_id:
        if named and named.error:
            return _with_fingerprint(failures, named), f"the error `{trigger.error_id}`"
        if named:
            return (), f"what made `{trigger.error_id}` take long"
        if not trigger.subject:
            return (), f"the error `{trigger.error_id}`"
    if trigger.subject:
        return ranked(trigger.subject, failures), f"failures that fit “{trigger.subject}”"
    here = {trigger.place.channel_id, trigger.place.thread_id} - {None}
    local = tuple(group for group in failures if group.newest.channel_id in here)
    return (local or failures)[:1], "the most recent failure"


def _with_fingerprint(
    failures: tuple[FailureGroup, ...], named: Action
) -> tuple[FailureGroup, ...]:
    capsule = named.error
    if capsule is None:
        return ()
    same = tuple(group for group in failures if group.fingerprint == capsule.fingerprint)
    return same or (
        FailureGroup(
            fingerprint=capsule.fingerprint,
            event=named.event,
            count=1,
            first_seen=named.ts,
            last_seen=named.ts,
            newest=named,
            action_ids=(named.id,),
        ),
    )
