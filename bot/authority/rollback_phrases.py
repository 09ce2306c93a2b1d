"""Words that want an older version live: their form, and the names of what can be rolled back.

No list of sentences: a clause begins with a verb that takes something back, names what can change
while the program runs, and holds no word beside those that versions are told with. It decides only
where the whole message is such a clause, plainly written, and names one thing.
"""

import re
from collections.abc import Sequence

from bot.authority.item_names import find_named_items
from bot.domain.live_items import ItemName, RollbackRequest

LONGEST = 160
"""Characters of a message that decides."""

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
    """.split()  # noqa: SIM905 - so one can read it
)
"""Words of an order that decides."""
_LOOSE = _KNOWN_TOKENS | frozenset(
    """
    my their this that these it an all in from for with on as is was were be been had have has
    done made did we you i what whatever how way like state copy text file files edited changed
    new newest current which live again once more just then updates only please now thanks
    monday tuesday wednesday thursday friday saturday sunday today yesterday yesterday's morning
    since afternoon evening night week month hour hours day days ago tonight lately recent recently
    """.split()  # noqa: SIM905
)
"""Words of an order that is asked back."""
_STEPS = {"a": 1, "one": 1, "1": 1, "two": 2, "2": 2, "three": 3, "3": 3}
_NUMBER = re.compile(r"\b(?:to )?(?:version |v |v|to )(?P<number>[1-9]\d{0,5})(?![\w./]| version)")
_BY = re.compile(r"\b(?P<steps>a|one|two|three|[123]) versions?\b(?! of)")
_PREVIOUS = re.compile(
    r"\b(?:last|latest|previous|prior|earlier|older|before|change|edit|update)\b"
)


def parse_rollback_order(text: str, items: Sequence[ItemName]) -> RollbackRequest | None:
    """Return what the whole of `text` decides; `None` where it is not plainly one such order."""
    if len(text) > LONGEST or not text.isascii():
        return None
    told = _PLAIN.fullmatch(" ".join(text.lower().split()))
    if told is None or not _DECIDING.match(f"{told['order']} "):
        return None
    found = _order(told["order"], items, _KNOWN_TOKENS)
    return None if found is None or not found[1] else found[0].replace(decides=True)


def find_rollback_request(
    clause: str, items: Sequence[ItemName], about: Sequence[ItemName] = ()
) -> RollbackRequest | None:
    """Return what a clause in small letters may want rolled back; `None` where it is nothing.

    `about` is what was spoken of before it, for a clause that names nothing: "roll it back".
    """
    found = _order(clause, items, _LOOSE, about)
    return found[0] if found else None


def find_plain_items(clause: str, items: Sequence[ItemName]) -> tuple[ItemName, ...]:
    """Return the items that any clause in small letters plainly names."""
    found = find_named_items(clause, items, _LOOSE)
    return found.items if found.plain else ()


def _order(
    clause: str,
    items: Sequence[ItemName],
    known: frozenset[str],
    about: Sequence[ItemName] = (),
) -> tuple[RollbackRequest, bool] | None:
    """Return what is to be rolled back, and whether it is plain which item is meant."""
    said = f"{clause.strip()} "
    head = next((found for each in _HEADS if (found := each.match(said))), None)
    if head is None:
        return None
    rest = said[head.end() :]
    number = _NUMBER.search(rest)
    if number:
        rest = f"{rest[: number.start()]} {rest[number.end() :]}"
    named = find_named_items(rest, items, known)
    meant = named.items or tuple(about)
    left = [word for word in named.rest if not (known is _LOOSE and word.endswith("'s"))]
    if not meant or not known.issuperset(left):
        return None
    steps = 0 if number else _count_steps(said)
    wish = RollbackRequest(
        items=meant, number=int(number["number"]) if number else None, steps=steps
    )
    return wish, named.plain


def _count_steps(text: str) -> int:
    by = _BY.search(text)
    return _STEPS[by["steps"]] if by else int(bool(_PREVIOUS.search(text)))
