"""The research of runs: what was read for each, and which claims about it were supported."""

from collections import OrderedDict
from dataclasses import dataclass, field

from bot.domain.account import Account
from bot.domain.errors import OutOfBounds
from bot.domain.research import (
    LONGEST_QUESTION,
    MOST_CLAIMS,
    DraftClaim,
    NumberedPassages,
    Passage,
    ResearchQuestion,
    ResearchReport,
    SupportedClaim,
    UnsupportedClaim,
)
from bot.ports.clock import Clock
from bot.ports.research import ResearchCache
from bot.research.citations import check_claim
from bot.research.library import ResearchLibrary

_MOST_RUNS = 64  # whose passages are in memory; older ones are asked again
_MOST_PASSAGES = 60  # of one run


@dataclass
class _Session:
    """What one run has read and claimed so far."""

    questions: list[str] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    claims: list[SupportedClaim] = field(default_factory=list)
    dropped: list[UnsupportedClaim] = field(default_factory=list)


class RunResearch:
    """Looks up what a run asks, as often as the rules allow, and checks what it claims."""

    def __init__(self, library: ResearchLibrary, cache: ResearchCache, clock: Clock) -> None:
        self._library = library
        self._cache = cache
        self._clock = clock
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    async def look_up(
        self, text: str, account: Account
    ) -> tuple[NumberedPassages, tuple[str, ...]]:
        """Return numbered passages that fit, and what could not be read.

        Numbers stay the same within a run. Raises `OutOfBounds` if the run has asked often enough,
        `StoreError` and `Stopped`.
        """
        run_id, most = account.run_id or "", self._library.rules.per_run
        if not await self._cache.take_turn(run_id, most):
            raise OutOfBounds(f"This run has asked {most} questions, which is all it may ask.")
        question = ResearchQuestion(text=text[:LONGEST_QUESTION] or "?", account=account)
        found = await self._library.search(question)
        session = self._open(run_id)
        session.questions.append(question.text)
        session.problems += [each for each in found.problems if each not in session.problems]
        numbered = []
        for passage in found.passages:
            if passage not in session.passages and len(session.passages) < _MOST_PASSAGES:
                session.passages.append(passage)
            if passage in session.passages:
                numbered.append((session.passages.index(passage) + 1, passage))
        return tuple(numbered), found.problems

    def cite(self, run_id: str, claim: DraftClaim) -> SupportedClaim | UnsupportedClaim:
        """Return the claim with its sources, which people then read, or why it is dropped."""
        session = self._open(run_id)
        checked = check_claim(claim, session.passages)
        if isinstance(checked, UnsupportedClaim):
            if len(session.dropped) < MOST_CLAIMS and checked not in session.dropped:
                session.dropped.append(checked)
        elif checked not in session.claims:
            if len(session.claims) == MOST_CLAIMS:
                reason = f"a run has at most {MOST_CLAIMS} claims with sources"
                return UnsupportedClaim(text=checked.text, reason=reason)
            session.claims.append(checked)
            session.dropped = [each for each in session.dropped if each.text != checked.text]
        return checked

    def build_report(self, run_id: str) -> ResearchReport | None:
        """Return what the run has read and claimed; `None` if it has asked nothing."""
        session = self._sessions.get(run_id)
        if session is None or not session.questions:
            return None
        return ResearchReport(
            question=session.questions[0],
            at=self._clock.now(),
            claims=tuple(session.claims),
            dropped=tuple(session.dropped),
            read=list_sources(session.passages),
            problems=tuple(session.problems),
        )

    def _open(self, run_id: str) -> _Session:
        session = self._sessions.setdefault(run_id, _Session())
        self._sessions.move_to_end(run_id)
        while len(self._sessions) > _MOST_RUNS:
            self._sessions.popitem(last=False)
        return session


def list_sources(passages: list[Passage] | tuple[Passage, ...]) -> tuple[str, ...]:
    """Return each source once, with its version."""
    return tuple(dict.fromkeys(f"{each.source} {each.version}".strip()[:200] for each in passages))
