"""The records of the offline engine: frozen, plain, and free of any file or process.

Paths are text, relative to the root of the tree under repair, with forward slashes. Lines count
from 1, columns and offsets from 0 and in characters. Times are seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.repair.calls import CallQuestion, StatedAnswer

Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TraceFrame:
    """One project frame of a traceback. `span`: line, end line, and two UTF-8 byte columns."""

    path: str
    line: int
    function: str = ""
    span: tuple[int, int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Crash:
    """What a failing test, or a failure capsule, says.

    `frames` are outermost first. `bases` are the names of the exception's classes, own first.
    `hints`, all optional: names seen in the failing frame under `none`, `empty` and `zero`; names
    the object does have under `near`; keys its dicts do have under `keys`.
    """

    error: str
    message: str = ""
    frames: tuple[TraceFrame, ...] = ()
    bases: tuple[str, ...] = ()
    hints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def get_hint(self, name: str) -> tuple[str, ...]:
        """Return the names under one hint, or nothing."""
        return tuple(self.hints.get(name, ()))


@dataclass(frozen=True, slots=True)
class SuspectHunk:
    """One hunk of a suspect commit's unified diff. `lines` keep their ` `, `-`, `+` marks."""

    path: str
    commit: str
    old_start: int
    new_start: int
    lines: tuple[str, ...]
    age: int = 0  # 0 for the newest suspect commit


@dataclass(frozen=True, slots=True)
class SourceEdit:
    """Replace the characters `start:end` of a file by `text`."""

    path: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible fix. `rank` is higher for better; `kind` is `revert` or an operator's word.

    `also` are the other lines with the same edit, where it is made at all equal places. `caveat` is
    what keeps it from being more than plausible, however the tests end.
    """

    edits: tuple[SourceEdit, ...]
    kind: str
    why: str
    rank: float = 0.0
    line: int = 0
    also: tuple[int, ...] = ()
    caveat: str = ""

    @property
    def path(self) -> str:
        """Return the first file it touches."""
        return self.edits[0].path

    def apply(self, originals: Texts) -> dict[str, str]:
        """Return the new texts of the files it touches."""
        texts: dict[str, str] = {}
        for edit in sorted(self.edits, key=lambda edit: (edit.path, -edit.start, -edit.end)):
            text = texts.get(edit.path, originals[edit.path])
            texts[edit.path] = text[: edit.start] + edit.text + text[edit.end :]
        return texts


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the tests say of a candidate. `stage`: where it fell, or `all` when it is green.

    `crash` is how the first test of `failed` ended.
    """

    is_passing: bool
    stage: str = "all"
    passed: int = 0
    total: int = 0
    failed: tuple[str, ...] = ()
    detail: str = ""
    timed_out: bool = False
    crash: Crash | None = None


@dataclass(frozen=True, slots=True)
class RepairAttempt:
    """A candidate and its judgement; `number` counts from 1 in the order they were begun."""

    candidate: Candidate
    judgement: Judgement
    number: int


@dataclass(frozen=True, slots=True)
class EditTemplate:
    """An expression and what commits put in its place: `_any1_[_any2_]`, `_any1_.get(_any2_, 0)`.

    `_anyN_` stands for any expression, the same one wherever it stands. `commit` is the newest that
    did it, `times` how many did.
    """

    before: str
    after: str
    commit: str
    times: int = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """All the search needs to know: texts that may change, where it failed, who is suspect.

    `coverage`: by test, the lines it ran by path. `failing`, `passing`: tests by name. `ended`: by
    failing test, how it ends as things are. `stated`: by a function's name, what people said that
    a call of it answers, as literals. `templates` are what earlier commits replaced by what.
    """

    texts: Texts
    crashes: tuple[Crash, ...] = ()
    hunks: tuple[SuspectHunk, ...] = ()
    coverage: Mapping[str, Mapping[str, frozenset[int]]] = field(default_factory=dict)
    failing: frozenset[str] = frozenset()
    passing: frozenset[str] = frozenset()
    crashes_by_test: Mapping[str, Crash] = field(default_factory=dict)
    stated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    templates: tuple[EditTemplate, ...] = ()


Proof = Literal["call", "answer", "tests", "undo"]
"""How far a fix is proven: by the failing call alone, by what a person said that calls answer, by
existing tests that tell the edit from its wrong neighbours, or as a whole commit taken back."""


Label = Literal["proven", "plausible"]
"""How far a fix can be believed. `proven`: tests tell it from edits next to it, and ask more of it
than chance gives; no call that was made again ends worse; and no other edit that was found answers
otherwise. `plausible`: the tests pass, and one of these is missing."""


PROGRAM_EXIT = "EndedProgram"
"""Stands for the error of tests whose process ended before they could tell it."""

LEFT_OTHERWISE = ", with its arguments left otherwise"
"""Ends what is told of a call that answers the same and leaves its object or arguments changed."""


@dataclass(frozen=True, slots=True)
class Rival:
    """Another edit with which the tests pass. `call` tells the two apart: `ours`, `theirs`."""

    candidate: Candidate
    files: Texts
    call: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class ChangedCall:
    """A call that ends otherwise than before; in words for people. `tested`: a test makes it."""

    call: str
    before: str
    after: str
    tested: bool = False


@dataclass(frozen=True, slots=True)
class RefusedCandidate:
    """An edit after which the tests were green, and why it is not proposed all the same.

    `stated` says that a person said so; else no test would notice if it were wrong.
    """

    candidate: Candidate
    reason: str
    stated: bool = False


@dataclass(frozen=True, slots=True)
class UnverifiedFix:
    """An edit with which all tests pass, and that nothing else can judge: for people to judge.

    `reason` is why it is not proposed. `answers` are the calls that failed, and how they end with
    it. `against` are sentences on what speaks against it.
    """

    candidate: Candidate
    files: Texts
    reason: str
    answers: tuple[ChangedCall, ...] = ()
    against: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchReport:
    """How a search ended. `stopped`: `fixed`, `exhausted` (nothing left to try) or `time`.

    `undoes` is the commit that the fix takes back as a whole, where it is one, and `undone` what
    that commit says it was for. `rivals` are other edits with which the tests pass; `losses` calls
    that end worse with the fix, or otherwise than in a passing test. `doubt` is what else keeps the
    fix from being believed. `confirmed` are all candidates that may be the fix, `unconfirmed` those
    with which the tests passed, and that there was no time to look at once more. `considered` is
    how many of those `proposed` had their turn; `cut` says that time was up before others beside
    the first had been looked for as long as they should be.
    `question` is what a person can tell the fix by from the `others`, which pass as well; where
    there is no fix, it is what a call should answer that fails, or that edits which are doubted
    answer differently; `unanswered` are these edits, the likeliest first. `stated` is what people
    said by now, and `tests` are new test files that hold the fix to that.
    `alike` are edits with which the tests pass as well and that no call told from the fix.
    `unproven` is, where there is no fix, the edit that people may judge.
    `failing` is how many tests have to turn green, `passing` how many have to stay so; `left_out`
    are test files beside them that cannot be imported, and tests that pass only after others, each
    with why: "ends the program".
    """

    fix: Candidate | None
    files: Texts
    stopped: str
    tried: Mapping[str, int]
    near: tuple[RepairAttempt, ...]
    proposed: int
    seconds: float
    suspects: tuple[tuple[str, int, float], ...] = ()
    crash: Crash | None = None
    refused: tuple[RefusedCandidate, ...] = ()
    proof: Proof = "call"
    reverted_commit: str = ""
    reverted_subject: str = ""
    label: Label = "plausible"
    rivals: tuple[Rival, ...] = ()
    losses: tuple[ChangedCall, ...] = ()
    doubt: str = ""
    confirmed: tuple[Candidate, ...] = ()
    unconfirmed: tuple[Candidate, ...] = ()
    considered: int = 0
    cut: bool = False
    others: tuple[Candidate, ...] = ()
    indistinguishable: tuple[Candidate, ...] = ()
    question: CallQuestion | None = None
    unanswered: tuple[Candidate, ...] = ()
    unverified: UnverifiedFix | None = None
    stated: tuple[StatedAnswer, ...] = ()
    tests: Texts = field(default_factory=dict)
    failing: int = 0
    passing: int = 0
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def attempts(self) -> int:
        """Return how many candidates were judged."""
        return sum(self.tried.values())
