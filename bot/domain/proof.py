"""What proves a change of each kind, and what came of it."""

from typing import ClassVar, Literal

from bot.domain.record import Record

ProofKind = Literal["behaviour", "preserving", "measured", "covering", "words", "configuration"]
"""How a change is proven: examples that turn green; that nobody notices; a ratio of times; mutants
that are killed; that texts hold; that settings are valid and told."""


class Proof(Record):
    """What came of one kind of proof, for exactly one head.

    `told` is a line for the card ("3 examples: red before, green now"), `details` are more of them.
    `ratio` is how many times as long as before it takes at most, where times were measured.
    """

    former_names: ClassVar = {"told": "summary"}

    kind: ProofKind
    holds: bool
    summary: str
    details: tuple[str, ...] = ()
    ratio: float | None = None
