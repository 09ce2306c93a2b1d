"""The records of the offline engine: frozen and plain, without access to files or processes.

Paths are text, relative to the root of the tree under repair, with forward slashes. Lines count
from 1, columns and offsets from 0 and in characters. Times are seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from theseus_repair.calls import CallQuestion, StatedAnswer
from theseus_repair.library import EMPTY, Library

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
    """The failure of a test, or of a failure capsule.

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
        """Return the names under one hint; empty if it is missing."""
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
    """A possible fix. `rank` is higher for better; `kind` is `revert` or the operator's kind.

    `also` are the other lines with the same edit, if it is made at all equal places. `caveat` is
    the reason why it is at most plausible, whatever the tests' results.
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
        """The first file it touches."""
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
    """The tests' results for a candidate. `stage`: where it failed, or `all` if it passes.

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
    """An expression and its replacement in commits: `_any1_[_any2_]`, `_any1_.get(_any2_, 0)`.

    `_anyN_` matches any expression, and the same one at each occurrence. `commit` is the newest
    commit that did it, `times` the number of commits.
    """

    before: str
    after: str
    commit: str
    times: int = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """All that the search needs to know: the texts that may change, the crashes, the suspects.

    `coverage`: by test, the lines it ran by path. `failing`, `passing`: tests by name.
    `crashes_by_test`: by failing test, how it ends before any edit. `stated`: by a function's name,
    the literals that people stated as answers. `templates` are replacements of earlier commits.
    `library` is discord.py as the bot has it installed. `edit_factors` favour kinds of edit.
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
    library: Library = EMPTY
    edit_factors: Mapping[str, float] = field(default_factory=dict)


Proof = Literal["call", "answer", "tests", "undo"]
"""How far a fix is proven: by the failing call alone, by a stated answer, by existing tests that
distinguish the edit from its wrong neighbours, or as the revert of a complete commit.
"""


Label = Literal["proven", "plausible"]
"""How reliable a fix is. `proven`: the tests distinguish it from neighbouring edits and check more
than chance explains; no replayed call ends worse; and no other edit that was found answers
differently. `plausible`: the tests pass, and one of these conditions is not met.
"""


PROGRAM_EXIT = "EndedProgram"
"""The error of tests whose process ended before they could report one."""

LEFT_OTHERWISE = ", but changes its arguments differently"
"""The suffix for a call with the same answer that changes its object or arguments differently."""


@dataclass(frozen=True, slots=True)
class Rival:
    """Another edit with which the tests pass. `call` has different answers: `ours`, `theirs`."""

    candidate: Candidate
    files: Texts
    call: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class ChangedCall:
    """A call that ends differently than before, as texts for people. `tested`: a test makes it."""

    call: str
    before: str
    after: str
    tested: bool = False


@dataclass(frozen=True, slots=True)
class RefusedCandidate:
    """An edit with which the tests passed, and the reason why it is not proposed.

    `stated` says that a person's answer contradicts it; otherwise no test would notice if it were
    wrong.
    """

    candidate: Candidate
    reason: str
    stated: bool = False


@dataclass(frozen=True, slots=True)
class UnverifiedFix:
    """An edit with which all tests pass, and that nothing else can judge: for people to judge.

    `reason` is why it is not proposed. `answers` are the calls that failed, and how they end with
    it. `against` are sentences that speak against it.
    """

    candidate: Candidate
    files: Texts
    reason: str
    answers: tuple[ChangedCall, ...] = ()
    against: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchReport:
    """The result of a search. `stopped`: `fixed`, `exhausted` (nothing left to try) or `time`.

    `reverted_commit` is the commit that the fix reverts completely, if any, and `reverted_subject`
    its subject line. `rivals` are other edits with which the tests pass. `losses` are calls that
    end worse with the fix, or differently than in a passing test. `doubt` is another reason why the
    fix is not proven. `confirmed` are all candidates that may be the fix; `unconfirmed` passed the
    tests, but there was no time for the final check. `considered` is how many of the `proposed`
    candidates were tried; `cut` says that time was up before the search for alternatives was
    complete. `question` is what a person can decide between the fix and the `others`, which pass as
    well. Without a fix, it asks what a failing call should answer; `unanswered` are the edits that
    answer it, the likeliest first. `stated` are people's answers so far, and `tests` new test files
    that check them. `alike` are edits with which the tests pass as well and that no call
    distinguishes from the fix. `unproven` is, without a fix, the edit that people may judge.
    `failing` is how many tests have to be fixed, `passing` how many have to stay passing.
    `left_out` are other test files that cannot be imported, and tests that pass only after others,
    each with the reason: "ends the program".
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
        """The number of candidates that were judged."""
        return sum(self.tried.values())
