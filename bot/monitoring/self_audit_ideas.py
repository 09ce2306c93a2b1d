"""Lets a model read a bounded sample of the bot, and stores what it proposes as requests."""

import random
from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass
from pathlib import Path

import structlog
from theseus_guard.completion import run_in_thread
from theseus_observe.redaction import redact

from bot.domain.audit_ideas import AuditSample
from bot.domain.budget import BudgetRules
from bot.domain.cogs import get_cog_name
from bot.domain.errors import AgentError, PolicyError, PortError
from bot.domain.feature_request import FeatureRequest
from bot.domain.self_audit import AuditReport
from bot.ports.audit_reader import AuditReader
from bot.ports.trees import CommitTrees
from bot.self_improvement.requests.feature_requests import FeatureRequestService

_MOST_FILES, _MOST_LINES, _LINE = 5, 60, 200
_LONGEST = 12_000  # characters of a file
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, eq=False)
class AuditIdeaCollector:
    """Asks the reader once an audit. `rules` returns the caps in force, `live_commit` the code's.

    A cap of 0 dollars means that no model reads. Nothing that it proposes is started: its requests
    have no votes, and a person has to start them.
    """

    reader: AuditReader
    trees: CommitTrees
    requests: FeatureRequestService
    _: KW_ONLY
    rules: Callable[[], BudgetRules]
    live_commit: Callable[[], str]

    async def collect(self, report: AuditReport, key: str) -> tuple[FeatureRequest, ...]:
        """Return the new requests. If the model cannot work, there are none, and the log says why.

        Raises `StoreError`.
        """
        usd, commit = self.rules().audit.usd, self.live_commit()
        if usd == 0 or not commit:
            return ()
        try:
            known = await self.requests.list_requests()
            sample = AuditSample(
                key=key,
                patterns=tuple(map(redact, iterate_patterns(report))),
                sources=await self._read_sources(report, commit, key),
                known=tuple(redact(each.text) for each in known),
            )
            found = await self.reader.propose(sample, 1_000.0 if usd is None else usd)
        except (AgentError, PolicyError, PortError) as error:
            _log.warning("no model has read for the self-audit: %s", error)
            return ()
        stored = [await self.requests.propose(idea) for idea in found.ideas]
        return tuple(each for each in stored if each is not None)

    async def _read_sources(
        self, report: AuditReport, commit: str, key: str
    ) -> tuple[tuple[str, str], ...]:
        async with self.trees.open_tree(commit) as tree:
            return await run_in_thread(lambda: _read_files(tree, report, key))


def iterate_patterns(report: AuditReport) -> Iterator[str]:
    """Yield lines about failures, slow actions, unused commands and untested code."""
    lines = [
        *(
            f"fails {each.count} times (before: {each.before}): {each.name} with {each.exception} "
            f"in {each.file}:{each.line} {each.function}()"
            for each in report.faults
        ),
        *(f"slow: {each.name} takes {each.p95_ms:.0f} ms (p95)" for each in report.slow),
        *(f"never used: {each}" for each in report.unused),
        *(f"tests: {each.what}: {each.why}" for each in report.gaps),
    ]
    yield from (line[:_LINE] for line in lines[:_MOST_LINES])


def _read_files(tree: Path, report: AuditReport, key: str) -> tuple[tuple[str, str], ...]:
    """Return files that the report names, then others, which differ from audit to audit."""
    cogs = sorted(
        path.relative_to(tree).as_posix()
        for path in (tree / "cogs").rglob("*.py")
        if path.is_file() and not path.is_symlink()
    )
    named = [file for file in (*(f.file for f in report.faults), *(g.what for g in report.gaps))]
    others = [path for path in cogs if get_cog_name(path)]
    random.Random(key).shuffle(others)  # noqa: S311 - for variety, not for secrecy
    chosen = [path for path in dict.fromkeys((*named, *others)) if path in cogs][:_MOST_FILES]
    texts = [(path, (tree / path).read_text("utf-8", "replace")[:_LONGEST]) for path in chosen]
    return tuple((path, redact(text)) for path, text in texts)
