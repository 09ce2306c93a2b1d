"""Whose words count at this very moment, and whether they are enough to merge."""

from bot.authority.approval_rules import VoteStanding, needed, standing
from bot.authority.policy import FOR_APPROVERS, Act, authorize
from bot.domain.approval import ApprovalRules, ApprovalVotes, Need
from bot.domain.audit import AuditEntry
from bot.domain.errors import ForgeError, NotAuthorized, WrongStage
from bot.domain.history import History
from bot.domain.people import AllowList, Person
from bot.domain.proposal import Approval, Proposal
from bot.domain.run import Run
from bot.ports.clock import Clock
from bot.ports.forge import Forge
from bot.ports.member_directory import MemberDirectory
from bot.ports.store import Store


class ApprovalPolicy:
    """Asks the member directory and the policy. What it refuses before a merge is audited here."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        forge: Forge,
        member_directory: MemberDirectory,
        *,
        people: AllowList,
        rules: ApprovalRules,
    ) -> None:
        self._store = store
        self._clock = clock
        self._forge = forge
        self._member_directory = member_directory
        self._people = people
        self._rules = rules

    def listed(self, person: Person, act: Act) -> None:
        """Raise `NotAuthorized` unless the person may, going by the roles that came with them."""
        authorize(self._people, person, act)

    async def present(self, person: Person, act: Act) -> Person:
        """Return the person, who may do `act`, with the roles they have now.

        What only approvers may do is asked of the server itself. Raises `NotAuthorized`, and
        `ChatUnavailable` where nobody can tell.
        """
        self.listed(person, act)
        if act not in FOR_APPROVERS:
            return person
        now = await self._now(person)
        self.listed(now, act)
        return now

    def need(self, run: Run, history: History) -> Need:
        """Return what it takes to approve the run's change."""
        findings = history.verdict.findings if history.verdict else ()
        by = history.shaped_by(run.trigger.person).plus(*run.trigger.shaped_by)
        return needed(self._rules, by, history.plan, findings)

    def none_yet(self, run: Run, history: History, proposal: Proposal) -> ApprovalVotes:
        """Return what a new proposal begins with: nobody's word, and how many it takes."""
        need = self.need(run, history)
        return ApprovalVotes(head=proposal.head, version=proposal.version, need=need)

    async def standing(self, run: Run, history: History, proposal: Proposal) -> VoteStanding:
        """Return whose words for this head count now. Raises `ChatUnavailable`."""
        words, may = await self._words(run, history, proposal), set()
        for approval in words.given:
            try:
                may.add((await self.present(approval.person, Act.SHIP)).id)
            except NotAuthorized:
                continue
        return standing(words, self.need(run, history), may)

    async def was_given(self, run: Run, history: History, proposal: Proposal) -> bool:
        """Whether enough people have said it, whatever they may do now; asks nobody."""
        words = await self._words(run, history, proposal)
        said = {approval.person.id for approval in words.given}
        return standing(words, self.need(run, history), said).enough

    async def approval(self, run: Run, proposal: Proposal) -> Approval:
        """Return the approval to merge with, given by people who may give it now.

        Raises `WrongStage` where nobody gave one, `NotAuthorized` where who did may not any more,
        `ChatUnavailable` where nobody can tell.
        """
        history = await self._store.history(run.id)
        words = await self._words(run, history, proposal)
        if not words.given:
            raise WrongStage(f"Nobody has approved `{proposal.head[:7]}` yet.")
        found = await self.standing(run, history, proposal)
        if found.enough:
            return found.as_one()
        merged = await self._merged_before(run, proposal)
        if merged is not None:
            return merged
        raise await self._refusal(run, words, found)

    async def _now(self, person: Person) -> Person:
        """Return the person as the server knows them now; who is not there is an outsider."""
        member = await self._member_directory.person(person.id)
        if member is None:
            return person.but(role_ids=frozenset(), outsider=True)
        bot = person.bot or member.bot
        return member.but(name=person.name, bot=bot, outsider=person.outsider, at=person.at)

    async def _words(self, run: Run, history: History, proposal: Proposal) -> ApprovalVotes:
        words = history.words
        if words is not None and words.are_for(proposal):
            return words
        # an approval from before words were kept
        old = await self._store.approval(run.id, proposal.head) if words is None else None
        none = ApprovalVotes(head=proposal.head, version=proposal.version)
        return none if old is None else none.but(given=(old,))

    async def _merged_before(self, run: Run, proposal: Proposal) -> Approval | None:
        """Return the approval of a merge that is done already, and only has to come live."""
        try:
            opened = await self._forge.proposal(proposal.number)
        except ForgeError:
            return None  # it is refused then; a merge that was done is found with the next word
        if opened.state != "merged" or opened.head != proposal.head:
            return None
        return await self._store.approval(run.id, proposal.head)

    async def _refusal(self, run: Run, words: ApprovalVotes, found: VoteStanding) -> NotAuthorized:
        """Return why nothing is merged, audited for everybody whose word does not count now."""
        counted = {approval.person.id for approval in found.counted}
        lost = [each for each in words.given if each.person.id not in counted]
        names = " and ".join(each.person.name for each in lost)
        told = (
            f"{names} approved `{words.head[:7]}`, but may not ship any more; nothing was merged."
            if lost
            else "it takes more approvals; nothing was merged."
        )
        if found.need.people > 1:
            told += f" {found.told}"
        for each in lost:
            await self._store.audit(
                AuditEntry(
                    at=self._clock.now(),
                    action=Act.SHIP,
                    allowed=False,
                    person=each.person,
                    run_id=run.id,
                    how="merge",
                    note=f"policy.not_authorized: {told}",
                )
            )
        return NotAuthorized(told)
