"""Replays the failing interaction, and writes a test of it if a test shows the failure too."""

import re
from typing import NamedTuple

from bot.domain.journal import FailureGroup
from bot.domain.plan import Reproduction
from bot.domain.replay import Replay
from bot.ports.verifier import Reproduced, Verifier
from bot.ports.workspace import Workspace
from bot.proof.reproduction import ROOM, build_replay_candidate
from bot.self_improvement.checks.failure_replays import FailureReplays

_SEEDS = 4
_RANDOM = re.compile(r"^\s*(import|from) random\b", re.MULTILINE)
REPEATS = 1
"""How often the test is repeated. Few are enough: the replay itself has run with other seeds."""


class ReplayedFailure(NamedTuple):
    """The replay of a failure, and its failing test; `unplayed` says why it was not replayed.

    Without a test, the replay is the proof.
    """

    replay: Replay | None = None
    test: Reproduced | None = None
    unplayed: str = ""


async def replay_failure(
    replays: FailureReplays | None,
    verifier: Verifier,
    group: FailureGroup,
    workspace: Workspace,
) -> ReplayedFailure:
    """Return the failing interaction as a replay. Raises `VerifierError`."""
    if replays is None:
        return ReplayedFailure()
    found = await replays.find(group, workspace.base)
    if found.replay is None:
        return ReplayedFailure(unplayed=found.unplayed)
    failing = None
    if await workspace.read_base(ROOM) is not None:
        for seed in await _list_seeds(found.replay, workspace):
            test = build_replay_candidate(group.newest, found.replay, seed)
            failing = await _confirm_failing(test, verifier, workspace) if test else None
            if failing is not None:
                break
    return ReplayedFailure(found.replay.replace(written=failing is not None), failing)


async def _list_seeds(replay: Replay, workspace: Workspace) -> tuple[int | None, ...]:
    """Return the seeds to try for the test; `None` is none.

    A test of a cog that draws random numbers names its seed, so that it fails each time and readers
    can repeat what it does.
    """
    texts = [await workspace.read_base(f"cogs/{cog}.py") for cog in replay.script.world.cogs]
    is_random = any(text is not None and _RANDOM.search(text) for text in texts)
    return (*range(_SEEDS), None) if is_random else (None,)


async def _confirm_failing(
    test: Reproduction, verifier: Verifier, workspace: Workspace
) -> Reproduced | None:
    """Return the failing test if it fails each time."""
    failing: tuple[Reproduced, ...] = ()
    for _ in range(1 + REPEATS):
        failing = await verifier.find_failing([test], workspace)
        if not failing:
            return None
    return failing[0]


def is_decisive(found: ReplayedFailure, failing: tuple[Reproduced, ...]) -> bool:
    """Return whether the replay is the proof, rather than tests of the failing calls.

    A replay that no test can repeat may depend on chance. It is the proof only if it needs what no
    test can have, or if nothing else shows the failure.
    """
    replay = found.replay
    return replay is not None and (replay.written or bool(replay.snapshot) or not failing)
