"""How many kinds of secret in another project's published list are found.

The list is Nosey Parker's; none of our rules was written with it (they are our own and gitleaks').
A kind counts as caught if every example of it is.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).parent / "data" / "published_secrets.json"


class Example(NamedTuple):
    """A text with a secret in it."""

    kind: str
    name: str
    text: str
    secret: str


class SearchResult(NamedTuple):
    """What became of the list."""

    kinds: int
    missed: Sequence[str]

    @property
    def caught_count(self) -> int:
        """Return how many kinds were caught in every example."""
        return self.kinds - len(self.missed)


def load_examples() -> Sequence[Example]:
    """Return the published examples; in the file they are written backwards."""
    examples = json.loads(_FILE.read_text(encoding="utf-8"))["examples"]
    return [
        Example(each["kind"], each["name"], each["text"][::-1], each["secret"][::-1])
        for each in examples
    ]


def search_examples(redact: Callable[[str], str]) -> SearchResult:
    """Redact every example; name the kinds of which a secret is still there."""
    examples = load_examples()
    missed = {each.name for each in examples if each.secret in redact(each.text)}
    return SearchResult(len({each.name for each in examples}), sorted(missed))
