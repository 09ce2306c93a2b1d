"""What becomes of a change that somebody asks for: a run, the run of others, or a kept wish."""

import asyncio
from dataclasses import dataclass

from bot.authority.authorizer import Authorizer
from bot.authority.decisions import parse_decision
from bot.authority.policy import Act, is_allowed
from bot.authority.trigger_redaction import redact_trigger
from bot.domain.errors import OutOfBounds, UnknownRun, WrongStage
from bot.domain.feature_request import FeatureRequest
from bot.domain.people import AllowList
from bot.domain.run import FINAL_STATUSES, Run, Status, Trigger
from bot.grammar.agreement import has_content
from bot.grammar.changes import LONGEST_SUBJECT, is_change_request
from bot.grammar.feature_requests import normalise_request
from bot.ports.store import Store
from bot.self_improvement.feature_requests import EMPTY_REQUEST, FeatureRequestService
from bot.self_improvement.run_starter import RunAdmission

_LOOKED_AT = 1_000  # runs that have not ended


@dataclass(frozen=True)
class ChangeBegun:
    """The run that makes a change; `joined` where others had asked for the same before."""

    run: Run
    joined: bool = False


@dataclass(frozen=True)
class FeatureRequestState:
    """A wish, and the run that was begun for it last, if one was."""

    feature_request: FeatureRequest
    run: Run | None = None

    @property
    def open(self) -> bool:
        """Whether a run may be begun for it: none was, or it came to nothing."""
        return self.run is None or self.run.has_ended


class ChangeRequests:
    """Decides about wishes, for everybody: where `able`, and who asks may, a run begins."""

    def __init__(
        self,
        store: Store,
        people: AllowList,
        authorizer: Authorizer,
        admission: RunAdmission,
        feature_requests: FeatureRequestService,
        *,
        able: bool,
    ) -> None:
        self._store = store
        self._people = people
        self._authorizer = authorizer
        self._admission = admission
        self.feature_requests = feature_requests
        self.able = able
        self._starting = asyncio.Lock()

    async def ask(self, trigger: Trigger) -> ChangeBegun | FeatureRequest:
        """Begin the change, join the run that makes it already, or keep the wish.

        Raises what `FeatureRequestService.keep` and, where a run begins, `SelfImprovementAgent.request` do.
        """
        trigger = redact_trigger(trigger)
        if not has_content(_extract_request(trigger)) or parse_decision(_extract_request(trigger)):
            raise OutOfBounds(EMPTY_REQUEST)
        if not (self.able and is_allowed(self._people, trigger.person, Act.ASK)):
            await self._drop_shipped(_extract_request(trigger))
            return await self.feature_requests.keep(trigger.person, _extract_request(trigger))
        await self._authorizer.ask(trigger.person, Act.ASK, None, f"change: {trigger.subject}")
        async with self._starting:  # or two who ask at once begin two
            same = await self._find_active_run(trigger)
            if same is not None:
                return ChangeBegun(same, joined=True)
            run = await self._admission.start(trigger)
            await self.feature_requests.mark_started(_extract_request(trigger), run.id)
        return ChangeBegun(run)

    async def start(self, request_id: str, trigger: Trigger) -> ChangeBegun | FeatureRequest:
        """Begin what was wished for, at the word of whoever presses; the words are the wish's.

        Raises `NotAuthorized`, `WrongStage` where there is no such wish or nothing can write it.
        """
        await self._authorizer.ask(trigger.person, Act.ASK, None, f"start wish:{request_id}")
        wish = await self.feature_requests.find(request_id)
        if wish is None:
            raise WrongStage("I keep no such wish any more. `/capabilities` shows what there is.")
        if not self.able:
            raise WrongStage("I need a model to write a change, and there is none here.")
        return await self.ask(trigger.replace(text=wish.text, subject=wish.text[:LONGEST_SUBJECT]))

    async def list_feature_requests(self) -> tuple[FeatureRequestState, ...]:
        """Return the wishes that are not shipped, the most wanted first, with the runs for them."""
        states = [
            FeatureRequestState(wish, await self._find_run(wish))
            for wish in await self.feature_requests.list_requests()
        ]
        return tuple(
            each for each in states if each.run is None or each.run.status is not Status.DONE
        )

    async def _find_active_run(self, trigger: Trigger) -> Run | None:
        """Return the run under way for the same change, begun by other words than these."""
        about = normalise_request(_extract_request(trigger))
        runs = await self._store.find(status=set(Status) - FINAL_STATUSES, limit=_LOOKED_AT)
        same = (run for run in runs if run.goal == "change" and _is_about(run, about))
        found = next(same, None)
        return None if found is not None and found.trigger.key == trigger.key else found

    async def _find_run(self, feature_request: FeatureRequest) -> Run | None:
        if feature_request.run_id is None:
            return None
        try:
            return await self._store.get(feature_request.run_id)
        except UnknownRun:
            return None  # from a backup that is older than the run

    async def _drop_shipped(self, text: str) -> None:
        """Let a wish begin anew that was fulfilled: who says it now may want it back."""
        wish = await self.feature_requests.find_same(text)
        run = await self._find_run(wish) if wish else None
        if wish is not None and run is not None and run.status is Status.DONE:
            await self.feature_requests.drop(wish)


def _extract_request(trigger: Trigger) -> str:
    """Return the words that say what is wanted: a message may only agree to it ("yes, do that")."""
    own = is_change_request(trigger.text) or not trigger.subject
    return trigger.text if own else trigger.subject


def _is_about(run: Run, about: str) -> bool:
    return normalise_request(_extract_request(run.trigger)) == about
