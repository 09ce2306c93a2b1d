"""Handles a request for a change: starts a run, joins one, or stores a wish."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

from bot.authority.authorizer import Authorizer
from bot.authority.decisions import parse_decision
from bot.authority.policy import Act, is_allowed_here
from bot.authority.trigger_redaction import redact_trigger
from bot.domain.errors import OutOfBounds, UnknownRun, WrongStage
from bot.domain.feature_request import FeatureRequest
from bot.domain.run import FINAL_STATUSES, Run, Status, Trigger
from bot.domain.target import OWN_TARGET
from bot.grammar.agreement import has_content
from bot.grammar.changes import LONGEST_SUBJECT, is_change_request
from bot.grammar.feature_requests import normalise_request
from bot.ports.store import Store
from bot.self_improvement.requests.feature_requests import EMPTY_REQUEST, FeatureRequestService
from bot.self_improvement.requests.run_starter import RunAdmission

_LOOKED_AT = 1_000  # runs that have not ended


@dataclass(frozen=True)
class ChangeBegun:
    """The run that makes a change; `joined` is true if others had asked for the same before."""

    run: Run
    joined: bool = False


@dataclass(frozen=True)
class FeatureRequestState:
    """A feature request (“wish”) and the last run that was started for it, if any."""

    feature_request: FeatureRequest
    run: Run | None = None

    @property
    def open(self) -> bool:
        """True if a run may be started: there is none, or the last one has ended."""
        return self.run is None or self.run.has_ended


class ChangeRequests:
    """Decides about requested changes: a run starts if it can be written and the person may ask.

    `able` says whether changes of Theseus itself can be written, `able_targets` for which other
    bots.
    """

    def __init__(
        self,
        store: Store,
        authorizer: Authorizer,
        admission: RunAdmission,
        feature_requests: FeatureRequestService,
        *,
        able: bool,
        able_targets: Collection[str] = (),
    ) -> None:
        self._store = store
        self._authorizer = authorizer
        self._admission = admission
        self.feature_requests = feature_requests
        self.able = able
        self._able_targets = frozenset(able_targets)
        self._starting = asyncio.Lock()

    async def ask(self, trigger: Trigger) -> ChangeBegun | FeatureRequest:
        """Start a run for the change, join the run that makes it, or store it as a feature request.

        Raises what `FeatureRequestService.keep` raises, and what `SelfImprovementAgent.request`
        raises if a run starts.
        """
        trigger = redact_trigger(trigger)
        if not has_content(_extract_request(trigger)) or parse_decision(_extract_request(trigger)):
            raise OutOfBounds(EMPTY_REQUEST)
        is_own = trigger.target == OWN_TARGET
        people = self._authorizer.approval_policy.get_people(trigger.target)
        if is_own and not (self.able and is_allowed_here(people, trigger.person, Act.ASK)):
            await self._drop_shipped(_extract_request(trigger))
            return await self.feature_requests.keep(trigger.person, _extract_request(trigger))
        note = f"change: {trigger.subject}"
        await self._authorizer.ask(trigger.person, Act.ASK, None, note, target=trigger.target)
        if not is_own and trigger.target not in self._able_targets:
            raise WrongStage(
                f"I need a model to write a change of {trigger.target}, and none is configured "
                "here. I do fix its failures: tell me which command fails, as you typed it."
            )
        async with self._starting:  # otherwise two simultaneous requests would start two runs
            same = await self._find_active_run(trigger)
            if same is not None:
                return ChangeBegun(same, joined=True)
            run = await self._admission.start(trigger)
            if is_own:  # wishes are about Theseus alone
                await self.feature_requests.mark_started(_extract_request(trigger), run.id)
        return ChangeBegun(run)

    async def start(self, request_id: str, trigger: Trigger) -> ChangeBegun | FeatureRequest:
        """Start a run for a stored feature request, with the request's text.

        `trigger` names the person who starts it. Raises `NotAuthorized`, and `WrongStage` if there
        is no such request or no model to write it.
        """
        await self._authorizer.ask(trigger.person, Act.ASK, None, f"start wish:{request_id}")
        wish = await self.feature_requests.find(request_id)
        if wish is None:
            raise WrongStage(
                "I have no such wish any more. `/capabilities` shows the wishes I have."
            )
        if not self.able:
            raise WrongStage("I need a model to write a change, and none is configured here.")
        return await self.ask(trigger.replace(text=wish.text, subject=wish.text[:LONGEST_SUBJECT]))

    async def list_feature_requests(self) -> tuple[FeatureRequestState, ...]:
        """Return the feature requests that are not shipped, most wanted first, with their runs."""
        states = [
            FeatureRequestState(wish, await self._find_run(wish))
            for wish in await self.feature_requests.list_requests()
        ]
        return tuple(
            each for each in states if each.run is None or each.run.status is not Status.DONE
        )

    async def _find_active_run(self, trigger: Trigger) -> Run | None:
        """Return the active run for the same change that another message has started."""
        about = normalise_request(_extract_request(trigger))
        runs = await self._store.find(status=set(Status) - FINAL_STATUSES, limit=_LOOKED_AT)
        same = (
            run
            for run in runs
            if run.goal == "change"
            and run.trigger.target == trigger.target
            and _is_about(run, about)
        )
        found = next(same, None)
        # The same message, delivered again: `start` then returns the run that it has begun.
        return None if found is not None and found.trigger.key == trigger.key else found

    async def _find_run(self, feature_request: FeatureRequest) -> Run | None:
        if feature_request.run_id is None:
            return None
        try:
            return await self._store.get(feature_request.run_id)
        except UnknownRun:
            return None  # the store was restored from a backup older than the run

    async def _drop_shipped(self, text: str) -> None:
        """Remove a feature request that was shipped, so that it can be made again."""
        wish = await self.feature_requests.find_same(text)
        run = await self._find_run(wish) if wish else None
        if wish is not None and run is not None and run.status is Status.DONE:
            await self.feature_requests.drop(wish)


def _extract_request(trigger: Trigger) -> str:
    """Return the text that says what is wanted; the message may only agree (“yes, do that”)."""
    own = is_change_request(trigger.text) or not trigger.subject
    return trigger.text if own else trigger.subject


def _is_about(run: Run, about: str) -> bool:
    return normalise_request(_extract_request(run.trigger)) == about
