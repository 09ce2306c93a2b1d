"""The kinds of proof of a change, and their results."""

from typing import ClassVar, Literal

from theseus_guard.record import Record

ProofKind = Literal["behaviour", "preserving", "measured", "covering", "words", "configuration"]
"""How a change is proven.

`behaviour`: its examples fail before and pass now. `preserving`: behaviour is unchanged.
`measured`: a ratio of durations. `covering`: new tests kill mutants. `words`: texts stay valid.
`configuration`: settings are valid and documented.
"""


class Proof(Record):
    """The result of one kind of proof, for exactly one head.

    `summary` is a line for the card ("3 examples: red before, green now"); `details` are further
    lines. `ratio` is the new duration divided by the old one, at most, if durations were measured.
    """

    former_names: ClassVar = {"told": "summary"}

    kind: ProofKind
    holds: bool
    summary: str
    details: tuple[str, ...] = ()
    ratio: float | None = None
