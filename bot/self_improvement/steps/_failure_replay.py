"""The failing interaction played again, and written as a test where that shows it as well."""

from typing import NamedTuple

from bot.domain.journal import FailureGroup
from bot.domain.plan import Reproduction
from bot.domain.replay import Replay
from bot.ports.verifier import Reproduced, Verifier
from bot.ports.workspace import Workspace
from bot.proof.reproduction import ROOM, build_replay_candidate
from bot.self_improvement.interaction_replays import InteractionReplays

REPEATS = 1
"""Times that a test of a replay is run once more; plays with other chances came before it."""


class ReplayedFailure(NamedTuple):
    """What plays show of a failure, and the test of it, red; `unplayed` is why nothing was played.

    Without a test, plays are the proof.
    """

    replay: Replay | None = None
    test: Reproduced | None = None
    unplayed: str = ""


async def replay_failure(
    replays: InteractionReplays | None,
    verifier: Verifier,
    group: FailureGroup,
    workspace: Workspace,
) -> ReplayedFailure:
    """Return the failing interaction as it can be played again. Raises `VerifierError`."""
    if replays is None:
        return ReplayedFailure()
    found = await replays.find(group, workspace.base)
    if found.replay is None:
        return ReplayedFailure(unplayed=found.unplayed)
    room = await workspace.read_base(ROOM) is not None
    test = build_replay_candidate(group.newest, found.replay) if room else None
    red = await _confirm_failing(test, verifier, workspace) if test else None
    return ReplayedFailure(found.replay.replace(written=red is not None), red)


async def _confirm_failing(
    test: Reproduction, verifier: Verifier, workspace: Workspace
) -> Reproduced | None:
    """Return how it fails, if it does each time."""
    reds: tuple[Reproduced, ...] = ()
    for _ in range(1 + REPEATS):
        reds = await verifier.find_failing([test], workspace)
        if not reds:
            return None
    return reds[0]


def is_decisive(found: ReplayedFailure, failing: tuple[Reproduced, ...]) -> bool:
    """Whether the replay is the proof, and not the tests of the failing calls that are red.

    A play that a test cannot repeat may rest on chance: it is the proof only where it needs what
    no test can have, or where nothing else shows the failure.
    """
    replay = found.replay
    return replay is not None and (replay.written or bool(replay.snapshot) or not failing)
