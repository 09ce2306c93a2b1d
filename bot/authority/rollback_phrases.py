"""Parses requests to make an older version of a live item live.

There is no list of sentences. A clause must begin with a verb for going back, name a live item, and
contain only words that describe versions. It decides only if the whole message is such a clause and
names one item.
"""

import re
from collections.abc import Sequence

from bot.authority.item_names import find_named_items
from bot.domain.live_items import ItemName, RollbackRequest

LONGEST = 160
"""The maximum length of a message that decides."""

_PLAIN = re.compile(
    r"(?:@?theseus,? )?(?:please,? )?(?P<order>[a-z0-9][a-z0-9_./ -]*?)"
    r"(?:,? (?:please|now|thanks|thank you))?[.!]*"
)
_BACK = r"(?=.*\b(?:back|again)\b)"
_LAST_CHANGE = r"(?=(?:the |my |that |your )?(?:last|latest|newest|recent) (?:change|edit|update))"
_HEADS = tuple(
    re.compile(each)
    for each in (
        rf"(?:roll|take|turn|move) {_BACK}(?:back )?",
        r"(?:rollback|revert|undo|unroll|restore|reinstate|recover|reverse|reset|roll back)"
        r" (?:back )?",
        rf"(?:get rid of|remove|discard|drop|take out) {_LAST_CHANGE}",
        rf"(?:put|set|bring|switch|swap|change|go|get|give (?:me|us)|have|make|use) {_BACK}",
        rf"(?:i|we) (?:want|need) {_BACK}|(?:i'd|we'd|i would|we would) like {_BACK}",
        rf"can (?:i|we) (?:please )?(?:get|have) {_BACK}",
        r"return (?=.*\bto )", r"back to ",
    )
)  # fmt: skip
_DECIDING = re.compile(
    rf"(?:rollback|revert|undo|restore|(?:roll|take|put|set|bring|switch|change|go) {_BACK})"
)
_KNOWN_TOKENS = frozenset(
    """
    the your its our to of back version versions last latest previous prior earlier old older
    before change changes edit edits update one two three a 1 2 3 by
    """.split()  # noqa: SIM905 - more readable than a list of quoted words
)
"""The words allowed in a request that decides."""
_LOOSE = _KNOWN_TOKENS | frozenset(
    """
    my their this that these it an all in from for with on as is was were be been had have has
    done made did we you i what whatever how way like state copy text file files edited changed
    new newest current which live again once more just then updates only please now thanks
    monday tuesday wednesday thursday friday saturday sunday today yesterday yesterday's morning
    since afternoon evening night week month hour hours day days ago tonight lately recent recently
    """.split()  # noqa: SIM905
)
"""The words allowed in a request about which the bot asks."""
_STEPS = {"a": 1, "one": 1, "1": 1, "two": 2, "2": 2, "three": 3, "3": 3}
_NUMBER = re.compile(r"\b(?:to )?(?:version |v |v|to )(?P<number>[1-9]\d{0,5})(?![\w./]| version)")
_BY = re.compile(r"\b(?P<steps>a|one|two|three|[123]) versions?\b(?! of)")
_PREVIOUS = re.compile(
    r"\b(?:last|latest|previous|prior|earlier|older|before|change|edit|update)\b"
)


def parse_rollback_order(text: str, items: Sequence[ItemName]) -> RollbackRequest | None:
    """Return the request that is the whole of `text`, or `None` if it is not clearly one."""
    if len(text) > LONGEST or not text.isascii():
        return None
    parsed = _PLAIN.fullmatch(" ".join(text.lower().split()))
    if parsed is None or not _DECIDING.match(f"{parsed['order']} "):
        return None
    found = _parse_clause(parsed["order"], items, _KNOWN_TOKENS)
    return None if found is None or not found[1] else found[0].replace(decides=True)


def find_rollback_request(
    clause: str, items: Sequence[ItemName], about: Sequence[ItemName] = ()
) -> RollbackRequest | None:
    """Return what a lower-case clause may want rolled back, or `None`.

    `about` are the items mentioned before, for a clause without a name: "roll it back".
    """
    found = _parse_clause(clause, items, _LOOSE, about)
    return found[0] if found else None


def find_plain_items(clause: str, items: Sequence[ItemName]) -> tuple[ItemName, ...]:
    """Return the items that a lower-case clause clearly names."""
    found = find_named_items(clause, items, _LOOSE)
    return found.items if found.plain else ()


def _parse_clause(
    clause: str,
    items: Sequence[ItemName],
    known: frozenset[str],
    about: Sequence[ItemName] = (),
) -> tuple[RollbackRequest, bool] | None:
    """Return the request, and whether it is clear which item is meant; `None` if it is none."""
    text = f"{clause.strip()} "
    head = next((found for pattern in _HEADS if (found := pattern.match(text))), None)
    if head is None:
        return None
    rest = text[head.end() :]
    number = _NUMBER.search(rest)
    if number:
        rest = f"{rest[: number.start()]} {rest[number.end() :]}"
    named = find_named_items(rest, items, known)
    candidates = named.items or tuple(about)
    left = [word for word in named.rest if not (known is _LOOSE and word.endswith("'s"))]
    if not candidates or not known.issuperset(left):
        return None
    steps = 0 if number else _count_steps(text)
    request = RollbackRequest(
        items=candidates, number=int(number["number"]) if number else None, steps=steps
    )
    return request, named.plain


def _count_steps(text: str) -> int:
    by = _BY.search(text)
    return _STEPS[by["steps"]] if by else int(bool(_PREVIOUS.search(text)))
