"""Proves a requested change, with one prover for each kind of proof that its brief names."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import ClassVar, NamedTuple, get_args

from theseus_guard import parse
from theseus_guard.record import Record
from theseus_observe.redaction import redact
from theseus_rehearsal.ports.rehearsal import Rehearsal

from bot.domain.account import Account
from bot.domain.brief import Brief
from bot.domain.change import ChangeSet, Verdict
from bot.domain.cogs import get_cog_name
from bot.domain.errors import ConfigError, RehearsalError, StoreError, WorkspaceError
from bot.domain.people import ITSELF
from bot.domain.plan import Reproduction
from bot.domain.proof import Proof, ProofKind
from bot.infra.current_work import name_work
from bot.ports.trees import CommitTrees
from bot.ports.verifier import Verifier
from bot.ports.workspace import Workspace
from bot.proof.acceptance import build_acceptance_tests, find_example_problems
from bot.proof.acceptance_runs import (
    ExampleRuns,
    add_flag_proof,
    build_behaviour_proof,
    disable_flag,
    find_unfounded_examples,
    run_examples,
)
from bot.proof.flag_uses import find_flag_uses
from bot.proof.measurement import build_speed_proof
from bot.proof.preservation import ChangedText, build_preserving_proof
from bot.proof.reproduction import ROOM
from bot.proof.setting_changes import build_configuration_proof
from bot.proof.text_checks import build_text_proof
from bot.self_improvement.checks.behaviour_check import BehaviourCheck
from bot.self_improvement.checks.conversation_check import ConversationCheck
from bot.self_improvement.checks.mutation_check import MutationCheck
from bot.self_improvement.checks.replay_results import ReplayResults

CONFIG = "data/config.yaml"
"""The file with the settings that a change of the configuration edits."""

PATIENCE = 900.0
"""Seconds that all runs of a brief's examples may take."""


class CurrentChange(NamedTuple):
    """A change to prove: the agreed brief, and what is known of the change's head."""

    brief: Brief
    change: ChangeSet
    workspace: Workspace
    verdict: Verdict
    account: Account = Account(purpose="chat", person_id=ITSELF.id)
    """The account that is charged if a model takes part in the proof."""


ReadSettings = Callable[[str, str], Record]
"""Parses a configuration's text; errors name the given source. Raises `ConfigError`."""

Prover = Callable[[CurrentChange], Awaitable[Verdict]]


class ChangeProofs:
    """Proves what was agreed, and checks beforehand whether it can be proven."""

    kinds: ClassVar[tuple[ProofKind, ...]] = get_args(ProofKind)
    """The kinds of proof that this bot has."""
    has_cogs: ClassVar = True
    """True if examples are about cogs of Theseus; other bots start as a whole."""

    def __init__(
        self,
        rehearsal: Rehearsal,
        trees: CommitTrees,
        behaviour: BehaviourCheck,
        verifier: Verifier,
        read_settings: ReadSettings,
        conversations: ConversationCheck | None = None,
    ) -> None:
        self._rehearsal = rehearsal
        self._trees = trees
        self._compared = behaviour
        self._read_settings = read_settings
        self._mutation = MutationCheck(verifier)
        self._known: ReplayResults[Verdict] = ReplayResults(lambda _: True)
        self._conversations = conversations or ConversationCheck()
        self._provers: Mapping[ProofKind, Prover] = {
            "behaviour": self._prove_behaviour,
            "preserving": self._prove_preserving,
            "covering": self._prove_coverage,
            "measured": self._prove_speed,
            "words": self._prove_texts,
            "configuration": self._prove_configuration,
        }

    async def build_tests(
        self, brief: Brief, workspace: Workspace
    ) -> tuple[Reproduction | None, ...]:
        """Return each example as a test, in order; `None` for one that can only be replayed."""
        room = await workspace.read_base(ROOM)
        return build_acceptance_tests(brief, await _list_cogs(workspace), room)

    async def find_objections(self, brief: Brief, workspace: Workspace) -> tuple[str, ...]:
        """Return why a brief cannot be proven as it is, for the planner that wrote it.

        Its examples are run on base: each has to fail for the reason that it states. If nothing can
        be run here, its tests have to show that.
        """
        unknown = [kind for kind in brief.proofs if kind not in self.kinds]
        if unknown:
            able = ", ".join(self.kinds)
            return tuple(f"`{kind}` cannot be proven here; use some of {able}" for kind in unknown)
        cogs = await _list_cogs(workspace) if self.has_cogs else None
        found = find_example_problems(brief, cogs)
        if found or not brief.acceptances:
            return found
        try:
            async with asyncio.timeout(PATIENCE), self._trees.open_tree(workspace.base) as base:
                return find_unfounded_examples(await run_examples(self._rehearsal, base, brief))
        except (RehearsalError, WorkspaceError) as error:
            return () if self.has_cogs else (f"its examples cannot be replayed: {error}",)
        except TimeoutError:
            return (f"the examples take longer than {PATIENCE:.0f} s to run: make them shorter",)

    async def __call__(self, current: CurrentChange) -> Verdict:
        """Return the verdict with a proof of each kind, redacted; the same files are proven once.

        Raises `WorkspaceError`.
        """
        change, verdict = current.change, current.verdict
        what = (current.brief.digest, verdict.is_reproduced)
        proven = await self._known.find_or_run(
            self._trees, (change.base, change.head), what, lambda: self._prove(current)
        )
        return verdict.replace(
            proofs=(*verdict.proofs, *proven.proofs),
            behaviour=proven.behaviour or verdict.behaviour,
        )

    async def _prove(self, current: CurrentChange) -> Verdict:
        """Return a verdict that has only the proofs, and what they found."""
        brief, verdict = current.brief, current.verdict.replace(proofs=())
        implied: tuple[ProofKind, ...] = ("behaviour",) if brief.acceptances else ()
        for kind in dict.fromkeys((*implied, *brief.proofs)):
            with name_work(f"the proof of what was agreed: {kind}"):
                verdict = await self._provers[kind](current._replace(verdict=verdict))
        return verdict

    async def _prove_behaviour(self, current: CurrentChange) -> Verdict:
        """Run the examples with base and head; if they cannot be run, their tests decide."""
        brief, change, _, verdict, _ = current
        try:
            open_tree = self._trees.open_tree
            async with open_tree(change.base) as old, open_tree(change.head) as new:
                async with asyncio.timeout(PATIENCE):
                    base = await run_examples(self._rehearsal, old, brief)
                    head = await run_examples(self._rehearsal, new, brief)
                    off = await run_examples(self._rehearsal, new, disable_flag(brief))
            proof = await _require_flag(current, build_behaviour_proof(brief, base, head), off)
            return _add_proof(verdict, proof)
        except (RehearsalError, WorkspaceError) as error:
            why = str(error)
        except TimeoutError:
            why = f"the examples took longer than {PATIENCE:.0f} s"
        summary = f"not played: {why}"
        if verdict.is_reproduced:
            summary = f"its tests: red before, green now ({summary})"
        proof = Proof(kind="behaviour", holds=verdict.is_reproduced, summary=summary)
        return _add_proof(verdict, await _require_flag(current, proof))

    async def _prove_preserving(self, current: CurrentChange) -> Verdict:
        """Compare what users see, and what other code and the tests do."""
        brief, change, workspace, verdict, _ = current
        found = verdict.behaviour or await self._compared(change)
        proof = build_preserving_proof(brief, found, await _read_texts(change, workspace))
        return _add_proof(verdict.replace(behaviour=found), proof)

    async def _prove_coverage(self, current: CurrentChange) -> Verdict:
        """Prove that new tests kill mutants that survived before."""
        brief, change, workspace, verdict, _ = current
        return _add_proof(verdict, await self._mutation(brief, change, workspace))

    async def _prove_speed(self, current: CurrentChange) -> Verdict:
        """Measure the duration of recorded traffic, with base and head in turns."""
        brief, change, _, verdict, _ = current
        try:
            rounds = await self._compared.measure_times(
                change, f"{brief.request}\n{brief.understood}"
            )
            return _add_proof(verdict, build_speed_proof(rounds))
        except (RehearsalError, StoreError, WorkspaceError, TimeoutError) as error:
            summary = f"not measured: {error or 'the replays took too long'}"
            return _add_proof(verdict, Proof(kind="measured", holds=False, summary=summary))

    async def _prove_configuration(self, current: CurrentChange) -> Verdict:
        """Read the configuration as the program would."""
        _, change, workspace, verdict, _ = current
        try:
            before, after = [
                self._read_settings(await workspace.read_at(commit, CONFIG) or "", CONFIG)
                for commit in (change.base, change.head)
            ]
        except ConfigError as error:
            return _add_proof(verdict, Proof(kind="configuration", holds=False, summary=str(error)))
        settings = before.model_dump(mode="json"), after.model_dump(mode="json")
        return _add_proof(verdict, build_configuration_proof(*settings))

    async def _prove_texts(self, current: CurrentChange) -> Verdict:
        """Check what changed prompts and documents refer to, and compare sample conversations."""
        _, change, workspace, verdict, account = current
        files = await _read_texts(change, workspace)
        deleted = {each.path for each in files if each.after is None}
        paths = {*await workspace.list_base_files(), *(each.path for each in files)} - deleted
        readable = [path for path in paths if path.endswith(".md") or get_cog_name(path)]
        texts = {path: await workspace.read_at(change.head, path) for path in readable}
        proof = build_text_proof(files, paths, texts.get)
        return _add_proof(
            verdict, await self._conversations(proof, files, change, workspace, account)
        )


async def _require_flag(
    current: CurrentChange, proof: Proof, off: Sequence[ExampleRuns] = ()
) -> Proof:
    """Return the proof; if the brief has a flag, the proof holds only if the code uses it."""
    brief, change, workspace, *_ = current
    if not brief.flag:
        return proof
    texts = await _read_texts(change, workspace)
    uses = find_flag_uses(
        {each.path: each.after or "" for each in texts if get_cog_name(each.path)}
    )
    return add_flag_proof(brief, proof, off, uses.get(brief.flag, ()))


async def _read_texts(change: ChangeSet, workspace: Workspace) -> tuple[ChangedText, ...]:
    """Return the changed files before and after."""
    return tuple(
        [
            ChangedText(
                path=each.path,
                before=await workspace.read_at(change.base, each.old_path),
                after=await workspace.read_at(change.head, each.path),
            )
            for each in parse(change.diff)
        ]
    )


def _add_proof(verdict: Verdict, proof: Proof) -> Verdict:
    redacted = proof.replace(
        summary=redact(proof.summary), details=tuple(map(redact, proof.details))
    )
    return verdict.replace(proofs=(*verdict.proofs, redacted))


async def _list_cogs(workspace: Workspace) -> frozenset[str]:
    return frozenset(filter(None, map(get_cog_name, await workspace.list_base_files())))
