"""What becomes of a change that somebody asks for: a run, the run of others, or a kept wish."""

import asyncio
from dataclasses import dataclass

from bot.authority.authorizer import Authorizer
from bot.authority.decisions import decision
from bot.authority.policy import Act, may
from bot.authority.trigger_redaction import redact_trigger
from bot.domain.errors import OutOfBounds, UnknownRun, WrongStage
from bot.domain.people import AllowList
from bot.domain.run import ENDED, Run, Status, Trigger
from bot.domain.wish import Wish
from bot.grammar.agreement import says_something
from bot.grammar.changes import LONGEST_SUBJECT, asks_for_change
from bot.grammar.wishes import same_wish
from bot.ports.store import Store
from bot.self_improvement.run_starter import RunAdmission
from bot.self_improvement.wishes import NOTHING_SAID, WishService

_LOOKED_AT = 1_000  # runs that have not ended


@dataclass(frozen=True)
class ChangeBegun:
    """The run that makes a change; `joined` where others had asked for the same before."""

    run: Run
    joined: bool = False


@dataclass(frozen=True)
class WishState:
    """A wish, and the run that was begun for it last, if one was."""

    wish: Wish
    run: Run | None = None

    @property
    def open(self) -> bool:
        """Whether a run may be begun for it: none was, or it came to nothing."""
        return self.run is None or self.run.ended


class ChangeRequests:
    """Decides about wishes, for everybody: where `able`, and who asks may, a run begins."""

    def __init__(
        self,
        store: Store,
        people: AllowList,
        authorizer: Authorizer,
        admission: RunAdmission,
        wishes: WishService,
        *,
        able: bool,
    ) -> None:
        self._store = store
        self._people = people
        self._authorizer = authorizer
        self._admission = admission
        self.kept = wishes
        self.able = able
        self._starting = asyncio.Lock()

    async def ask(self, trigger: Trigger) -> ChangeBegun | Wish:
        """Begin the change, join the run that makes it already, or keep the wish.

        Raises what `WishService.keep` and, where a run begins, `SelfImprovementAgent.request` do.
        """
        trigger = redact_trigger(trigger)
        if not says_something(_wanted_in(trigger)) or decision(_wanted_in(trigger)):
            raise OutOfBounds(NOTHING_SAID)
        if not (self.able and may(self._people, trigger.person, Act.ASK)):
            await self._drop_shipped(_wanted_in(trigger))
            return await self.kept.keep(trigger.person, _wanted_in(trigger))
        await self._authorizer.ask(trigger.person, Act.ASK, None, f"change: {trigger.subject}")
        async with self._starting:  # or two who ask at once begin two
            same = await self._under_way(trigger)
            if same is not None:
                return ChangeBegun(same, joined=True)
            run = await self._admission.start(trigger)
            await self.kept.begun(_wanted_in(trigger), run.id)
        return ChangeBegun(run)

    async def start(self, wish_id: str, trigger: Trigger) -> ChangeBegun | Wish:
        """Begin what was wished for, at the word of whoever presses; the words are the wish's.

        Raises `NotAuthorized`, `WrongStage` where there is no such wish or nothing can write it.
        """
        await self._authorizer.ask(trigger.person, Act.ASK, None, f"start wish:{wish_id}")
        wish = await self.kept.find(wish_id)
        if wish is None:
            raise WrongStage("I keep no such wish any more. `/capabilities` shows what there is.")
        if not self.able:
            raise WrongStage("I need a model to write a change, and there is none here.")
        return await self.ask(trigger.but(text=wish.text, subject=wish.text[:LONGEST_SUBJECT]))

    async def wishes(self) -> tuple[WishState, ...]:
        """Return the wishes that are not shipped, the most wanted first, with the runs for them."""
        states = [WishState(wish, await self._run_of(wish)) for wish in await self.kept.all()]
        return tuple(
            each for each in states if each.run is None or each.run.status is not Status.DONE
        )

    async def _under_way(self, trigger: Trigger) -> Run | None:
        """Return the run under way for the same change, begun by other words than these."""
        about = same_wish(_wanted_in(trigger))
        runs = await self._store.find(status=set(Status) - ENDED, limit=_LOOKED_AT)
        same = (run for run in runs if run.goal == "change" and _is_about(run, about))
        found = next(same, None)
        return None if found is not None and found.trigger.key == trigger.key else found

    async def _run_of(self, wish: Wish) -> Run | None:
        if wish.run_id is None:
            return None
        try:
            return await self._store.get(wish.run_id)
        except UnknownRun:
            return None  # from a backup that is older than the run

    async def _drop_shipped(self, text: str) -> None:
        """Let a wish begin anew that was fulfilled: who says it now may want it back."""
        wish = await self.kept.same_as(text)
        run = await self._run_of(wish) if wish else None
        if wish is not None and run is not None and run.status is Status.DONE:
            await self.kept.drop(wish)


def _wanted_in(trigger: Trigger) -> str:
    """Return the words that say what is wanted: a message may only agree to it ("yes, do that")."""
    own = asks_for_change(trigger.text) or not trigger.subject
    return trigger.text if own else trigger.subject


def _is_about(run: Run, about: str) -> bool:
    return same_wish(_wanted_in(run.trigger)) == about
