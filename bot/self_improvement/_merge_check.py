"""What a merge comes to is checked before it is made: nothing else is merged."""

from bot.domain.change import FullTier
from bot.domain.errors import ForgeConflict, ForgeRejected, ForgeUnavailable, WorkspaceError
from bot.domain.history import History
from bot.domain.proposal import Proposal
from bot.domain.run import Run
from bot.self_improvement._kit import Kit, need
from bot.self_improvement._named import named_files


class MergeCheck:
    """Puts an approved head and the newest base together, apart from the running checkout."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def __call__(self, run: Run, history: History, proposal: Proposal) -> FullTier | None:
        """Return what is found of the merge; known already, it is not looked for again.

        `None` where it is merged already. Raises `MergeConflict`, `ForgeError`.
        """
        opened = await self._kit.doors.forge.proposal(proposal.number)
        if opened.state == "merged":
            return None
        if opened.state == "closed":
            raise ForgeRejected(f"pull request #{opened.number} was closed")
        if opened.head != proposal.head:
            raise ForgeConflict(
                f"pull request #{opened.number} stands at {opened.head[:12]}, not at the approved "
                f"{proposal.head[:12]}"
            )
        known, tip = history.full_tier, await self._tip()
        if known and known.ok and (known.head, known.base) == (proposal.head, tip):
            return known
        return await self._found(run, history, tip)

    async def _found(self, run: Run, history: History, tip: str) -> FullTier:
        kit, change = self._kit, need(history.change_set)
        here = kit.limits.full_tier
        doing = "running the full checks" if here else "looking at the result"
        await kit.voice.refresh(run, history, f"{doing} before merging")
        async with kit.lend(run, need(history.evidence)) as workspace:
            return await kit.stages.verify.before_merge(
                need(history.plan),
                change,
                await workspace.merged(tip, change.head),
                kit.checking(run, history, "before merging: "),
                named=named_files(run, history),
                undoing=run.goal == "revert",
                checked_here=here,
            )

    async def _tip(self) -> str:
        """Return the newest commit of the base branch, as the forge has it now."""
        checkout = self._kit.doors.checkout
        if checkout is None:
            raise AssertionError("nothing ships without a checkout to bring up to it")
        try:
            return await checkout.tip()
        except WorkspaceError as error:
            raise ForgeUnavailable(str(error), detail=error.detail) from error
