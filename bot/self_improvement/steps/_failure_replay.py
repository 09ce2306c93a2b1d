"""Replays the failing interaction, and writes a test of it if a test shows the failure too."""

from typing import NamedTuple

from bot.domain.journal import FailureGroup
from bot.domain.plan import Reproduction
from bot.domain.replay import Replay
from bot.ports.verifier import Reproduced, Verifier
from bot.ports.workspace import Workspace
from bot.proof.reproduction import ROOM, build_replay_candidate
from bot.self_improvement.checks.failure_replays import FailureReplays

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
    room = await workspace.read_base(ROOM) is not None
    test = build_replay_candidate(group.newest, found.replay) if room else None
    failing = await _confirm_failing(test, verifier, workspace) if test else None
    return ReplayedFailure(found.replay.replace(written=failing is not None), failing)


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
