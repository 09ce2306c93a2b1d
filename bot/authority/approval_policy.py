"""How many approvals a change takes, and whose words for it count at this very moment."""

from collections.abc import Collection

from bot.authority.policy import FOR_APPROVERS, Act, authorize, is_security_sensitive
from bot.domain.approval import ApprovalRules, ApprovalVotes, Need, Shapers, Weight
from bot.domain.audit import AuditEntry
from bot.domain.change import Finding
from bot.domain.errors import ForgeError, NotAuthorized, WrongStage
from bot.domain.history import History
from bot.domain.names import join_with_or
from bot.domain.people import AllowList, Person
from bot.domain.plan import Plan
from bot.domain.proposal import Approval, Proposal
from bot.domain.record import Record
from bot.domain.run import Run
from bot.ports.clock import Clock
from bot.ports.forge import Forge
from bot.ports.member_directory import MemberDirectory
from bot.ports.store import Store

_NAMED = 3  # people whom a refusal names


class VoteStatus(Record):
    """Whose words count now: each person once, in the order they gave them."""

    need: Need
    counted: tuple[Approval, ...] = ()

    @property
    def enough(self) -> bool:
        """Whether it may be merged."""
        return len(self.counted) >= self.need.people

    @property
    def summary(self) -> str:
        """How far it is, for people: "1 of 2 approvals: Ada; one more approver has to say it."."""
        return _describe_progress(self.need, [approval.person for approval in self.counted])

    def as_one(self) -> Approval:
        """Return the approval the first of them make together; `ValueError` where nobody counts."""
        first, *others = self.counted[: self.need.people]
        return first.replace(
            others=tuple(approval.person for approval in others),
            security_reviewed=all(each.security_reviewed for each in (first, *others)),
        )


def find_weights(plan: Plan | None, findings: tuple[Finding, ...]) -> frozenset[Weight]:
    """Return what a change weighs, by its plan's risk and by the paths it touches."""
    found: set[Weight] = {"any"}
    if plan is not None and plan.risk in ("high", "security"):
        found.add("high")
    if (plan is not None and plan.risk == "security") or is_security_sensitive(findings):
        found.add("security")
    if any(finding.rule == "unjudged" for finding in findings):
        found.add("review")
    return frozenset(found)


def find_need(
    rules: ApprovalRules, shapers: Shapers, plan: Plan | None, findings: tuple[Finding, ...]
) -> Need:
    """Return what it takes to approve such a change; `shapers` are all who asked for it."""
    if not rules.second_for & find_weights(plan, findings):
        return Need()
    not_by = shapers.ids if rules.other_than_requester else frozenset[int]()
    return Need(people=rules.people, not_by=not_by)


def count_votes(votes: ApprovalVotes, need: Need, may: Collection[int]) -> VoteStatus:
    """Return whose words count, where those with an id in `may` are allowed to approve now."""
    counted = (each for each in votes.approvals if each.person.id in may)
    return VoteStatus(
        need=need, counted=tuple(each for each in counted if each.person.id not in need.not_by)
    )


def describe_votes(votes: ApprovalVotes) -> str:
    """Return how far the approval of a head is, by who has said it; empty where one is enough."""
    if votes.need == Need():
        return ""
    everybody = [approval.person for approval in votes.approvals]
    return _describe_progress(votes.need, [p for p in everybody if p.id not in votes.need.not_by])


def _describe_progress(need: Need, people: list[Person]) -> str:
    left = need.people - len(people)
    names = ", ".join(person.name for person in people)
    so_far = f"{len(people)} of {need.people} approvals" + (f": {names}" if names else "")
    if left <= 0:
        return f"{so_far}."
    who = "one more approver has" if left == 1 and names else f"{left} approvers have"
    who = "an approver has" if left == 1 and not names else who
    besides = ", other than who asked for it" if need.not_by else ""
    return f"{so_far}; {who} to say it{besides}."


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
        self.people = people
        self._rules = rules

    async def present(self, person: Person, act: Act) -> Person:
        """Return the person, who may do `act`, with the roles they have now.

        What only approvers may do is asked of the server itself. Raises `NotAuthorized`, and
        `ChatUnavailable` where nobody can tell.
        """
        self.check(person, act)
        if act not in FOR_APPROVERS:
            return person
        now = await self._refresh_person(person)
        self.check(now, act)
        return now

    def check(self, person: Person, act: Act) -> None:
        """Raise `NotAuthorized` where the person may not, by the roles they came with.

        Who is on no list reads who may.
        """
        try:
            authorize(self.people, person, act)
        except NotAuthorized as refusal:
            able = self._list_permitted_names(act) if refusal.member else ()
            if not able:
                raise
            told = f"{refusal} {join_with_or(able)} may."
            raise NotAuthorized(told, member=True, able=able) from refusal

    def _list_permitted_names(self, act: Act) -> tuple[str, ...]:
        """Return the names of some members who may do it."""
        lists = [self.people.approvers]
        if act not in FOR_APPROVERS:
            lists.insert(0, self.people.developers)
        names = [name for each in lists for name in self._member_directory.list_names(each)]
        return tuple(dict.fromkeys(names))[:_NAMED]

    def need(self, run: Run, history: History) -> Need:
        """Return what it takes to approve the run's change."""
        findings = history.verdict.findings if history.verdict else ()
        by = history.add_shaper(run.trigger.person).add(*run.trigger.shaped_by)
        return find_need(self._rules, by, history.plan, findings)

    def create_votes(self, run: Run, history: History, proposal: Proposal) -> ApprovalVotes:
        """Return what a new proposal begins with: nobody's word, and how many it takes."""
        need = self.need(run, history)
        return ApprovalVotes(head=proposal.head, version=proposal.version, need=need)

    async def count_votes(self, run: Run, history: History, proposal: Proposal) -> VoteStatus:
        """Return whose words for this head count now. Raises `ChatUnavailable`."""
        words, may = await self._load_votes(run, history, proposal), set()
        for approval in words.approvals:
            try:
                may.add((await self.present(approval.person, Act.SHIP)).id)
            except NotAuthorized:
                continue
        return count_votes(words, self.need(run, history), may)

    async def has_enough_votes(self, run: Run, history: History, proposal: Proposal) -> bool:
        """Whether enough people have said it, whatever they may do now; asks nobody."""
        words = await self._load_votes(run, history, proposal)
        said = {approval.person.id for approval in words.approvals}
        return count_votes(words, self.need(run, history), said).enough

    async def get_approval(self, run: Run, proposal: Proposal) -> Approval:
        """Return the approval to merge with, given by people who may give it now.

        Raises `WrongStage` where nobody gave one, `NotAuthorized` where who did may not any more,
        `ChatUnavailable` where nobody can tell.
        """
        history = await self._store.get_history(run.id)
        words = await self._load_votes(run, history, proposal)
        if not words.approvals:
            raise WrongStage(f"Nobody has approved `{proposal.head[:7]}` yet.")
        found = await self.count_votes(run, history, proposal)
        if found.enough:
            return found.as_one()
        merged = await self._find_merge_approval(run, proposal)
        if merged is not None:
            return merged
        raise await self._build_refusal(run, words, found)

    async def _refresh_person(self, person: Person) -> Person:
        """Return the person as the server knows them now; who is not there is an outsider."""
        member = await self._member_directory.fetch_person(person.id)
        if member is None:
            return person.replace(role_ids=frozenset(), outsider=True)
        bot = person.bot or member.bot
        return member.replace(name=person.name, bot=bot, outsider=person.outsider, at=person.at)

    async def _load_votes(self, run: Run, history: History, proposal: Proposal) -> ApprovalVotes:
        words = history.approval_votes
        if words is not None and words.are_for(proposal):
            return words
        # an approval from before words were kept
        old = await self._store.get_approval(run.id, proposal.head) if words is None else None
        none = ApprovalVotes(head=proposal.head, version=proposal.version)
        return none if old is None else none.replace(approvals=(old,))

    async def _find_merge_approval(self, run: Run, proposal: Proposal) -> Approval | None:
        """Return the approval of a merge that is done already, and only has to come live."""
        try:
            opened = await self._forge.get_proposal(proposal.number)
        except ForgeError:
            return None  # it is refused then; a merge that was done is found with the next word
        if opened.state != "merged" or opened.head != proposal.head:
            return None
        return await self._store.get_approval(run.id, proposal.head)

    async def _build_refusal(
        self, run: Run, votes: ApprovalVotes, found: VoteStatus
    ) -> NotAuthorized:
        """Return why nothing is merged, audited for everybody whose word does not count now."""
        counted = {approval.person.id for approval in found.counted}
        lost = [each for each in votes.approvals if each.person.id not in counted]
        names = " and ".join(each.person.name for each in lost)
        told = (
            f"{names} approved `{votes.head[:7]}`, but may not ship any more; nothing was merged."
            if lost
            else "it takes more approvals; nothing was merged."
        )
        if found.need.people > 1:
            told += f" {found.summary}"
        for each in lost:
            await self._store.append_audit_entry(
                AuditEntry(
                    at=self._clock.get_time(),
                    action=Act.SHIP,
                    allowed=False,
                    person=each.person,
                    run_id=run.id,
                    how="merge",
                    note=f"policy.not_authorized: {told}",
                )
            )
        return NotAuthorized(told)
