"""Trying a proposal: what people would be answered today, and with the proposed commit."""

import asyncio

from bot.domain.behaviour import Trial
from bot.domain.cogs import cog_of_file
from bot.domain.errors import TooMany, WrongStage
from bot.domain.history import History
from bot.domain.journal import Kind
from bot.domain.rehearsal import CommandStep, Script, ScriptWorld
from bot.infra.syntax import literal
from bot.ports.rehearsal import Rehearsal, play_all
from bot.ports.store import Store
from bot.ports.trees import CommitTrees
from bot.proof.scripts import asked, slash_command
from bot.proof.seen_lines import seen_lines

MOST = 3  # at a time: each is two bots
_FORM = "Write a command as you would type it: `/roll dice:2d6`."


class ProposalTrials:
    """Plays a person's command with base and with the proposed head, on a server of its own."""

    def __init__(self, store: Store, rehearsal: Rehearsal, trees: CommitTrees) -> None:
        self._store = store
        self._rehearsal = rehearsal
        self._trees = trees
        self._under_way = 0

    async def suggestion(self, run_id: str) -> str:
        """Return the command that failed, as it was typed; nothing where none did."""
        return failed_command(await self._store.history(run_id))

    async def play(self, run_id: str, line: str) -> Trial:
        """Play a typed command with both commits.

        Raises `WrongStage` where nothing is proposed or the line is no command, `TooMany` where
        enough is played already, `RehearsalError` where nothing can be, `WorkspaceError`.
        """
        history = await self._store.history(run_id)
        if history.proposal is None or history.change_set is None:
            raise WrongStage(f"Run `{run_id}` has proposed nothing that could be tried.")
        script = Script(world=_world(history), steps=(_step(line),))
        if self._under_way >= MOST:
            raise TooMany(f"{MOST} trials are under way already. Try again when one is done.")
        self._under_way += 1
        try:
            base, head = history.change_set.base, history.proposal.head
            before, after = await asyncio.gather(self._seen(base, script), self._seen(head, script))
        finally:
            self._under_way -= 1
        step = asked(script.steps[0])
        return Trial(asked=step, base=base, head=head, before=before, after=after)

    async def _seen(self, commit: str, script: Script) -> tuple[str, ...]:
        async with self._trees.laid_out(commit) as tree:
            (transcript,) = await play_all(self._rehearsal, tree, [script])
        lines = seen_lines(transcript)
        return tuple(line for step in sorted(lines) if step >= 0 for line in lines[step])


def failed_command(history: History) -> str:
    """Return the slash command whose failure a run is about, with its options, where it had one."""
    groups = history.evidence.groups if history.evidence else ()
    failure = groups[0].newest if groups else None
    if failure is None or failure.error is None or failure.kind is not Kind.COMMAND:
        return ""
    options = {name: literal(source) for name, source in failure.error.inputs.items()}
    plain = {name: value for name, value in options.items() if isinstance(value, str | int | float)}
    return asked(CommandStep(command=failure.name, options=plain))


def _step(line: str) -> CommandStep:
    try:
        command, options = slash_command(line)
    except ValueError as error:
        raise WrongStage(f"{error}. {_FORM}") from None
    if not line.lstrip().startswith("/") or not command:
        raise WrongStage(_FORM)
    return CommandStep(command=command, options=options)


def _world(history: History) -> ScriptWorld:
    """Return a server with the cogs the change is about: those it edits, or those that failed."""
    edited = [change.path for change in history.change_set.files] if history.change_set else []
    capsule = history.evidence.capsule if history.evidence else None
    failed = [frame.file for frame in capsule.frames] if capsule else []
    for files in (edited, failed):
        cogs = {cog_of_file(file) for file in files} - {""}
        if cogs:
            return ScriptWorld(cogs=tuple(sorted(cogs)))
    return ScriptWorld()
