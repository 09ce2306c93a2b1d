"""Which failure somebody means: by an error's id, by words, or by what failed last nearby."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from bot.domain.journal import Action, FailureGroup
from bot.domain.run import Trigger
from bot.domain.samples import OWN_KINDS
from bot.grammar.likeness import Fitting, fitting

_FAILS = re.compile(
    r"\b(?:crash\w*|fail\w*|broken?|breaks|errors?|\w+(?:Error|Exception)|exceptions?|tracebacks?"
    r"|hangs?|hung|stuck|rais(?:es|ed|ing)|thr(?:ows?|ew)|tim(?:es?|ed|ing)[ -]?out"
    r"|(?:not|n't|stop(?:s|ped)) (?:work|respond|answer|repl|load|run)\w*)\b",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"^(?:(?:<@!?\d+>|theseus|hey|hi|please|pls|can|could|would|will|you|we|i|want|need|to|fix"
    r"|let's)[\s,:]+)*"
    r"(?:add|implement|rename|refactor|document|reword|rephrase|translate|improve|speed up|support"
    r"|write (?:a |some |more |the )?(?:tests?|docs?|documentation|help)"
    r"|make (?:\S+ ){1,5}?(?:support|accept|allow|prettier|nicer|faster|shorter|longer|clearer))\b",
    re.IGNORECASE,
)
_ABOUT_WORDS = re.compile(
    r"\b(?:typos?|misspell\w*|misspelt|spelling|wording|grammar|help texts?|docs|documentation"
    r"|docstrings?|readme|tests?|test coverage|untested|ugly|prettier|nicer|feature request"
    r"|would be (?:nice|great|cool|good)|i(?:'d| would) (?:like|love)|i wish"
    r"|needs? (?:an?|some|more) \w+"
    r"|should (?:also |be able to )?(?:accept|allow|support|have|offer|take|show)"
    r"|could (?:also )?(?:accept|allow|support|have|offer|take))\b",
    re.IGNORECASE,
)

Named = Literal["exactly", "in words", "not at all"]


def says_it_fails(text: str) -> bool:
    """Return whether `text` says that something fails, raises or does not work at all."""
    return bool(_FAILS.search(text))


def asks_for_change(text: str) -> bool:
    """Return whether `text` orders a change, or is about words, tests or looks and no failure.

    A test that is to be added for an error is a change; a help text that crashes is a failure.
    """
    if _ORDER.match(text.strip()):
        return True
    return bool(_ABOUT_WORDS.search(text)) and not _FAILS.search(text)


@dataclass(frozen=True)
class Meant:
    """What a request is about.

    `groups` are of one action, best first; empty, it may be one of the `likely`. `searched` is what
    was looked for, for people; `idle` are commands they named that have not failed. `named` says
    how the failure was named: an error's id or a command exactly, by other words, or not.
    """

    groups: tuple[FailureGroup, ...] = ()
    likely: tuple[FailureGroup, ...] = ()
    searched: str = ""
    idle: tuple[str, ...] = ()
    named: Named = "exactly"
    change: bool = False


def others_work(groups: Iterable[FailureGroup]) -> tuple[FailureGroup, ...]:
    """Return the failures without those of our own work on the code: nobody means these."""
    return tuple(group for group in groups if group.newest.kind not in OWN_KINDS)


def meant(
    trigger: Trigger,
    failures: tuple[FailureGroup, ...],
    named: Action | None,
    commands: Collection[str] = (),
) -> Meant:
    """Return which of the recent `failures` somebody means.

    `named` is the record of the trigger's `error_id`, if there is one. An error that is named
    counts before words, and words before what failed last nearby. `commands` are all there are.
    """
    if trigger.error_id:
        if named and named.error:
            found = _with_fingerprint(failures, named)
            return Meant(found, searched=f"the error `{trigger.error_id}`")
        if named:
            return Meant(searched=f"what made `{trigger.error_id}` take long")
        if not trigger.subject:
            return Meant(searched=f"the error `{trigger.error_id}`")
    if trigger.subject:
        searched = f"failures that fit “{trigger.subject}”"
        if trigger.origin == "person" and _asks_for_change(trigger):
            return Meant(searched=searched, change=True)
        return _by_words(fitting(trigger.subject, failures, commands), searched)
    here = {trigger.place.channel_id, trigger.place.thread_id} - {None}
    local = tuple(group for group in failures if group.newest.channel_id in here)
    return Meant((local or failures)[:1], searched="the most recent failure", named="not at all")


def _asks_for_change(trigger: Trigger) -> bool:
    """Whether what was said, or what was made of it, wants something that has not failed."""
    return asks_for_change(trigger.text) or asks_for_change(trigger.subject)


def _by_words(found: Fitting, searched: str) -> Meant:
    return Meant(
        found.certain,
        likely=() if found.certain else found.likely,
        searched=searched,
        idle=found.idle,
        named="exactly" if found.named else "in words",
    )


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
