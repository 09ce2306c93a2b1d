"""What proves a change that is wanted: a prover for each kind of proof that its brief names."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from bot.domain.account import Account
from bot.domain.brief import Brief
from bot.domain.change import ChangeSet, Verdict
from bot.domain.cogs import cog_of_file
from bot.domain.errors import ConfigError, RehearsalError, StoreError, WorkspaceError
from bot.domain.people import ITSELF
from bot.domain.plan import Reproduction
from bot.domain.proof import Proof, ProofKind
from bot.domain.record import Record
from bot.guards import parse
from bot.ports.rehearsal import Rehearsal
from bot.ports.trees import CommitTrees
from bot.ports.verifier import Verifier
from bot.ports.workspace import Workspace
from bot.proof.acceptance import acceptance_tests, unfit
from bot.proof.acceptance_plays import (
    ExamplePlays,
    behaviour_proof,
    flag_proof,
    not_missing,
    played_examples,
    with_flag_off,
)
from bot.proof.flag_uses import flag_uses
from bot.proof.measurement import measured_proof
from bot.proof.preservation import ChangedText, preserving_proof
from bot.proof.reproduction import ROOM
from bot.proof.setting_changes import configuration_proof
from bot.proof.word_checks import word_proof
from bot.redaction import redact
from bot.self_improvement.behaviour_check import BehaviourCheck
from bot.self_improvement.conversation_check import ConversationCheck
from bot.self_improvement.mutation_check import MutationCheck

CONFIG = "data/config.yaml"
"""Where the settings stand that a change of the configuration is about."""

PATIENCE = 900.0
"""Seconds that all plays of a brief's examples may take."""


class ChangeAtHand(NamedTuple):
    """What is to be proven: a change and what was agreed on, with what is known of its head."""

    brief: Brief
    change: ChangeSet
    workspace: Workspace
    verdict: Verdict
    account: Account = Account(purpose="chat", person_id=ITSELF.id)
    """Who pays where a model takes part in proving it."""


ReadSettings = Callable[[str, str], Record]
"""Reads a configuration's text, told by its source. Raises `ConfigError`."""

Prover = Callable[[ChangeAtHand], Awaitable[Verdict]]


class ChangeProofs:
    """Proves what was agreed on, and says before that whether it could be."""

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
        self._conversations = conversations or ConversationCheck()
        self._provers: Mapping[ProofKind, Prover] = {
            "behaviour": self._behaviour,
            "preserving": self._preserving,
            "covering": self._covering,
            "measured": self._measured,
            "words": self._words,
            "configuration": self._configuration,
        }

    async def tests(self, brief: Brief, workspace: Workspace) -> tuple[Reproduction | None, ...]:
        """Return each example as a test, in order; `None` where it can only be played."""
        room = await workspace.read_base(ROOM)
        return acceptance_tests(brief, await _cogs(workspace), room)

    async def objections(self, brief: Brief, workspace: Workspace) -> tuple[str, ...]:
        """Return why a brief could not be proven as it stands, for whoever wrote it.

        Its examples are played on base: each has to fail for the reason that it states. Where
        nothing can be played here, its tests have to say so.
        """
        unknown = [kind for kind in brief.proofs if kind not in self._provers]
        if unknown:
            able = ", ".join(self._provers)
            return tuple(f"nothing here proves `{kind}`; name some of {able}" for kind in unknown)
        found = unfit(brief, await _cogs(workspace))
        if found or not brief.acceptances:
            return found
        try:
            async with asyncio.timeout(PATIENCE), self._trees.laid_out(workspace.base) as base:
                return not_missing(await played_examples(self._rehearsal, base, brief))
        except (RehearsalError, WorkspaceError):
            return ()
        except TimeoutError:
            return (f"the examples take longer than {PATIENCE:.0f} s to play: make them shorter",)

    async def __call__(self, at_hand: ChangeAtHand) -> Verdict:
        """Return the verdict with a proof of each kind, redacted. Raises `WorkspaceError`."""
        brief, verdict = at_hand.brief, at_hand.verdict
        shown: tuple[ProofKind, ...] = ("behaviour",) if brief.acceptances else ()
        for kind in dict.fromkeys((*shown, *brief.proofs)):
            verdict = await self._provers[kind](at_hand._replace(verdict=verdict))
        return verdict

    async def _behaviour(self, at_hand: ChangeAtHand) -> Verdict:
        """Play the examples with base and head; where nothing plays, their tests decide."""
        brief, change, _, verdict, _ = at_hand
        try:
            laid_out = self._trees.laid_out
            async with laid_out(change.base) as old, laid_out(change.head) as new:
                async with asyncio.timeout(PATIENCE):
                    base = await played_examples(self._rehearsal, old, brief)
                    head = await played_examples(self._rehearsal, new, brief)
                    off = await played_examples(self._rehearsal, new, with_flag_off(brief))
            proof = await _behind_flag(at_hand, behaviour_proof(brief, base, head), off)
            return _with(verdict, proof)
        except (RehearsalError, WorkspaceError) as error:
            why = str(error)
        except TimeoutError:
            why = f"the plays took longer than {PATIENCE:.0f} s"
        told = f"not played: {why}"
        if verdict.reproduced:
            told = f"its tests: red before, green now ({told})"
        proof = Proof(kind="behaviour", holds=verdict.reproduced, told=told)
        return _with(verdict, await _behind_flag(at_hand, proof))

    async def _preserving(self, at_hand: ChangeAtHand) -> Verdict:
        """Compare what people see, and what other code and the tests do."""
        brief, change, workspace, verdict, _ = at_hand
        found = verdict.behaviour or await self._compared(change)
        proof = preserving_proof(brief, found, await _texts(change, workspace))
        return _with(verdict.but(behaviour=found), proof)

    async def _covering(self, at_hand: ChangeAtHand) -> Verdict:
        """Have new tests kill mutants that lived."""
        brief, change, workspace, verdict, _ = at_hand
        return _with(verdict, await self._mutation(brief, change, workspace))

    async def _measured(self, at_hand: ChangeAtHand) -> Verdict:
        """Time what people ask, with base and head in turns."""
        brief, change, _, verdict, _ = at_hand
        try:
            rounds = await self._compared.timed(change, f"{brief.request}\n{brief.understood}")
            return _with(verdict, measured_proof(rounds))
        except (RehearsalError, StoreError, WorkspaceError, TimeoutError) as error:
            told = f"not timed: {error or 'the plays took too long'}"
            return _with(verdict, Proof(kind="measured", holds=False, told=told))

    async def _configuration(self, at_hand: ChangeAtHand) -> Verdict:
        """Read the configuration as the program would."""
        _, change, workspace, verdict, _ = at_hand
        try:
            before, after = [
                self._read_settings(await workspace.read_at(commit, CONFIG) or "", CONFIG)
                for commit in (change.base, change.head)
            ]
        except ConfigError as error:
            return _with(verdict, Proof(kind="configuration", holds=False, told=str(error)))
        settings = before.model_dump(mode="json"), after.model_dump(mode="json")
        return _with(verdict, configuration_proof(*settings))

    async def _words(self, at_hand: ChangeAtHand) -> Verdict:
        """Look at what changed prompts and documents need and name; talk by them, and by base's."""
        _, change, workspace, verdict, account = at_hand
        files = await _texts(change, workspace)
        gone = {each.path for each in files if each.after is None}
        paths = {*await workspace.base_files(), *(each.path for each in files)} - gone
        kept = [path for path in paths if path.endswith(".md") or cog_of_file(path)]
        texts = {path: await workspace.read_at(change.head, path) for path in kept}
        proof = word_proof(files, paths, texts.get)
        return _with(verdict, await self._conversations(proof, files, change, workspace, account))


async def _behind_flag(
    at_hand: ChangeAtHand, proof: Proof, off: Sequence[ExamplePlays] = ()
) -> Proof:
    """Return the proof, which holds only where the brief's flag is asked for, if it has one."""
    brief, change, workspace, *_ = at_hand
    if not brief.flag:
        return proof
    texts = await _texts(change, workspace)
    uses = flag_uses({each.path: each.after or "" for each in texts if cog_of_file(each.path)})
    return flag_proof(brief, proof, off, uses.get(brief.flag, ()))


async def _texts(change: ChangeSet, workspace: Workspace) -> tuple[ChangedText, ...]:
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


def _with(verdict: Verdict, proof: Proof) -> Verdict:
    kept = proof.but(told=redact(proof.told), details=tuple(map(redact, proof.details)))
    return verdict.but(proofs=(*verdict.proofs, kept))


async def _cogs(workspace: Workspace) -> frozenset[str]:
    return frozenset(filter(None, map(cog_of_file, await workspace.base_files())))
