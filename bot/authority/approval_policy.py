"""How many approvals a change needs, and whose approvals count at this moment."""

from collections.abc import Collection, Mapping
from dataclasses import KW_ONLY, dataclass, field

from theseus_guard.record import Record
from theseus_guard.records import Finding

from bot.authority.policy import (
    FOR_APPROVERS,
    FOR_EVERY_SERVER,
    Act,
    authorize,
    is_allowed,
    is_security_sensitive,
)
from bot.domain.approval import ApprovalRules, ApprovalVotes, Need, Shapers, Weight
from bot.domain.audit import AuditEntry
from bot.domain.errors import ForgeError, NotAuthorized, UnknownRun, WrongStage
from bot.domain.guilds import AllowLists, Scope, choose_lists
from bot.domain.history import History
from bot.domain.ids import parse_run_id
from bot.domain.names import join_with_or
from bot.domain.people import AllowList, Person
from bot.domain.plan import Plan
from bot.domain.proposal import Approval, Proposal
from bot.domain.run import Run
from bot.domain.target import OWN_TARGET
from bot.ports.clock import Clock
from bot.ports.member_directory import MemberDirectory
from bot.ports.store import Store
from bot.ports.targets import Targets

_NAMED = 3  # the number of people that a refusal names
_OWN = Scope()


class VoteStatus(Record):
    """The approvals that count now, one for each person, in the order they were given."""

    need: Need
    counted: tuple[Approval, ...] = ()

    @property
    def enough(self) -> bool:
        """True if there are enough approvals for a merge."""
        return len(self.counted) >= self.need.people

    @property
    def summary(self) -> str:
        """The progress as people read it: "1 of 2 approvals: Ada; one more approver is needed."."""
        return _describe_progress(self.need, [approval.person for approval in self.counted])

    def as_one(self) -> Approval:
        """Return the needed approvals combined into one. Raises `ValueError` if none counts."""
        first, *others = self.counted[: self.need.people]
        return first.replace(
            others=tuple(approval.person for approval in others),
            security_reviewed=all(approval.security_reviewed for approval in (first, *others)),
        )


def find_weights(plan: Plan | None, findings: tuple[Finding, ...]) -> frozenset[Weight]:
    """Return the properties of a change, from its plan's risk and the paths it touches."""
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
    """Return the number of approvals such a change needs; `shapers` are all who asked for it."""
    if not rules.second_for & find_weights(plan, findings):
        return Need()
    not_by = shapers.ids if rules.other_than_requester else frozenset[int]()
    return Need(people=rules.people, not_by=not_by)


def count_votes(votes: ApprovalVotes, need: Need, may: Collection[int]) -> VoteStatus:
    """Return the approvals that count, if the people with an id in `may` may approve now."""
    counted = (approval for approval in votes.approvals if approval.person.id in may)
    return VoteStatus(
        need=need,
        counted=tuple(a for a in counted if a.person.id not in need.not_by),
    )


def describe_votes(votes: ApprovalVotes) -> str:
    """Return the progress of a head's approval; empty if one approval is enough.

    It counts everyone who approved, without a check of their current roles.
    """
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
    who = "one more approver is" if left == 1 and names else f"{left} approvers are"
    who = "an approver is" if left == 1 and not names else who
    excluded = ", other than the people who asked for it" if need.not_by else ""
    return f"{so_far}; {who} needed{excluded}."


def _has_accepted(approval: Approval, history: History) -> bool:
    """Return whether an approval covers every slowdown that was measured of its head.

    It is bound to the measured values: if the head is measured again, people decide again.
    """
    verdict = history.verdict
    if verdict is None or verdict.head != approval.head:
        return True
    return set(verdict.slowdowns) <= set(approval.accepted_slowdowns)


@dataclass(frozen=True, eq=False)
class ApprovalPolicy:
    """Checks approvals with the member directory and the policy.

    Refusals before a merge are audited. `people` are the lists of Theseus, `target_people` those of
    the other targets by name (`None`: those of Theseus); nobody else may do anything for them.
    What belongs to a server with people of its own is decided by these, in that server.
    """

    store: Store
    clock: Clock
    targets: Targets
    member_directory: MemberDirectory
    _: KW_ONLY
    people: AllowLists
    rules: ApprovalRules
    target_people: Mapping[str, AllowList | None] = field(default_factory=dict)

    async def present(self, person: Person, act: Act, scope: Scope = _OWN) -> Person:
        """Return the person with their current roles, if they may do `act` in that scope.

        For acts that only approvers may do, the server is asked; also if the act belongs to a
        server and the person is not there, because the roles in the event are not of that server.
        Raises `NotAuthorized`, and `ChatUnavailable` if the server cannot be asked.
        """
        if self._has_current_roles(person, scope):
            self.check(person, act, scope)
            if act not in FOR_APPROVERS:
                return person
        now = await self._refresh_person(person, scope.guild_id)
        self.check(now, act, scope)
        return now

    async def check_early(self, person: Person, act: Act, scope: Scope) -> None:
        """Raise what `present` raises; if the event has the person's roles, by these alone."""
        if self._has_current_roles(person, scope):
            self.check(person, act, scope)
        else:
            await self.present(person, act, scope)

    def _has_current_roles(self, person: Person, scope: Scope) -> bool:
        """Return whether the event can decide: it has the roles that count, or is elsewhere."""
        is_there = scope.guild_id == self.people.find_guild(person.at)
        return is_there or self.people.is_elsewhere(person, scope.guild_id)

    def get_people(self, target: str) -> AllowLists:
        """Return the lists of a target. For one that is not in the configuration, no one may."""
        if target == OWN_TARGET:
            return self.people
        return choose_lists(self.target_people.get(target, AllowList()), self.people)

    def choose_scope(self, person: Person, act: Act, target: str = OWN_TARGET) -> Scope:
        """Return what an act without a run is about.

        A request for work belongs to the server in which it is made. Everything else is about the
        whole bot.
        """
        here = self.people.find_guild(person.at)
        return Scope(target, None if act in FOR_EVERY_SERVER else here)

    def get_scope(self, run: Run) -> Scope:
        """Return what the acts on a run are about."""
        return Scope(run.trigger.target, self.people.find_guild(run.trigger.place))

    async def find_scope(self, person: Person, act: Act, run_id: str) -> Scope:
        """Return what an act on a run is about; the run is named as people type it.

        An unknown run is one of Theseus, for the server in which the person acts: who may not do
        the act does not learn that there is no such run.
        """
        try:
            run = await self.store.get(parse_run_id(run_id))
        except UnknownRun:
            return Scope(guild_id=self.people.find_guild(person.at))
        return self.get_scope(run)

    def list_readable(self, person: Person) -> frozenset[str]:
        """Return the targets, Theseus among them, whose work the person may look at."""
        return frozenset(
            name
            for name in (OWN_TARGET, *self.target_people)
            if self.is_allowed(person, Act.READ, self.choose_scope(person, Act.READ, name))
        )

    def can_read(self, person: Person, run: Run) -> bool:
        """Return whether the person may look at a run, by the roles in the event.

        In a direct message, the runs of servers with people of their own are left out.
        """
        scope = self.get_scope(run)
        is_there = scope.guild_id == self.people.find_guild(person.at)
        return is_there and self.is_allowed(person, Act.READ, scope)

    def is_allowed(self, person: Person, act: Act, scope: Scope) -> bool:
        """Return whether the person may do `act`, by the roles in the event."""
        lists = self.get_people(scope.target).select(scope.guild_id)
        elsewhere = self.people.is_elsewhere(person, scope.guild_id)
        return not elsewhere and all(is_allowed(each, person, act) for each in lists)

    def check(self, person: Person, act: Act, scope: Scope = _OWN) -> None:
        """Raise `NotAuthorized` if the person may not do `act`, by the roles in the event.

        The refusal of a member names some people who may.
        """
        if self.people.is_elsewhere(person, scope.guild_id):
            raise NotAuthorized(
                f"Sorry {person.name}, that belongs to another server, where I accept it from its "
                "own people only."
            )
        for people in self.get_people(scope.target).select(scope.guild_id):
            try:
                authorize(people, person, act)
            except NotAuthorized as refusal:
                able = (
                    self._list_permitted_names(people, act, scope.guild_id)
                    if refusal.member
                    else ()
                )
                if not able:
                    raise
                text = f"{refusal} {join_with_or(able)} may."
                raise NotAuthorized(text, member=True, able=able) from refusal

    def _list_permitted_names(
        self, people: AllowList, act: Act, guild_id: int | None
    ) -> tuple[str, ...]:
        """Return the names of some members who may do `act`."""
        lists = [people.approvers]
        if act not in FOR_APPROVERS:
            lists.insert(0, people.developers)
        directory = self.member_directory
        names = [name for listed in lists for name in directory.list_names(listed, guild_id)]
        return tuple(dict.fromkeys(names))[:_NAMED]

    def need(self, run: Run, history: History) -> Need:
        """Return the approvals that the run's change needs."""
        findings = history.verdict.findings if history.verdict else ()
        by = history.add_shaper(run.trigger.person).add(*run.trigger.shaped_by)
        return find_need(self.rules, by, history.plan, findings)

    def create_votes(self, run: Run, history: History, proposal: Proposal) -> ApprovalVotes:
        """Return the votes of a new proposal: no approvals, and the number needed."""
        need = self.need(run, history)
        return ApprovalVotes(head=proposal.head, version=proposal.version, need=need)

    async def count_votes(self, run: Run, history: History, proposal: Proposal) -> VoteStatus:
        """Return the approvals of this head that count now. Raises `ChatUnavailable`."""
        votes, may = await self._load_votes(run, history, proposal), set()
        for approval in votes.approvals:
            if not _has_accepted(approval, history):
                continue
            try:
                approver = await self.present(approval.person, Act.SHIP, self.get_scope(run))
                may.add(approver.id)
            except NotAuthorized:
                continue
        return count_votes(votes, self.need(run, history), may)

    async def has_enough_votes(self, run: Run, history: History, proposal: Proposal) -> bool:
        """Return whether enough people have approved, without a check of their current roles."""
        votes = await self._load_votes(run, history, proposal)
        voters = {each.person.id for each in votes.approvals if _has_accepted(each, history)}
        return count_votes(votes, self.need(run, history), voters).enough

    async def get_approval(self, run: Run, proposal: Proposal) -> Approval:
        """Return the approval to merge with, by people who may approve now.

        Raises `WrongStage` if no one approved, `NotAuthorized` if the approvers may not approve any
        more, and `ChatUnavailable` if this cannot be checked.
        """
        history = await self.store.get_history(run.id)
        votes = await self._load_votes(run, history, proposal)
        if not votes.approvals:
            raise WrongStage(f"No one has approved `{proposal.head[:7]}` yet.")
        found = await self.count_votes(run, history, proposal)
        if found.enough:
            return found.as_one()
        merged = await self._find_merge_approval(run, proposal)
        if merged is not None:
            return merged
        raise await self._build_refusal(run, votes, found)

    async def _refresh_person(self, person: Person, guild_id: int | None) -> Person:
        """Return the person with their current roles; an unknown person is an outsider."""
        member = await self.member_directory.fetch_person(person.id, guild_id)
        if member is None:
            return person.replace(role_ids=frozenset(), outsider=True)
        bot = person.bot or member.bot
        # `outsider` of the event is about the bot's own server.
        outsider = person.outsider and guild_id is None
        return member.replace(name=person.name, bot=bot, outsider=outsider, at=person.at)

    async def _load_votes(self, run: Run, history: History, proposal: Proposal) -> ApprovalVotes:
        votes = history.approval_votes
        if votes is not None and votes.is_for(proposal):
            return votes
        # Older versions stored only the approval, without votes.
        old = await self.store.get_approval(run.id, proposal.head) if votes is None else None
        none = ApprovalVotes(head=proposal.head, version=proposal.version)
        return none if old is None else none.replace(approvals=(old,))

    async def _find_merge_approval(self, run: Run, proposal: Proposal) -> Approval | None:
        """Return the approval of a merge that is already done and only has to go live."""
        try:
            forge = self.targets.get(run.trigger.target).forge
            opened = await forge.get_proposal(proposal.number)
        except ForgeError:
            return None  # refused for now; the next approval finds a merge that was done
        if opened.state != "merged" or opened.head != proposal.head:
            return None
        return await self.store.get_approval(run.id, proposal.head)

    async def _build_refusal(
        self, run: Run, votes: ApprovalVotes, found: VoteStatus
    ) -> NotAuthorized:
        """Return why nothing is merged.

        The loss of each approval that does not count is audited.
        """
        counted = {approval.person.id for approval in found.counted}
        lost = [approval for approval in votes.approvals if approval.person.id not in counted]
        names = " and ".join(approval.person.name for approval in lost)
        text = (
            f"{names} approved `{votes.head[:7]}`, but may not ship any more; nothing was merged."
            if lost
            else "more approvals are needed; nothing was merged."
        )
        if found.need.people > 1:
            text += f" {found.summary}"
        for approval in lost:
            await self.store.append_audit_entry(
                AuditEntry(
                    at=self.clock.now(),
                    action=Act.SHIP,
                    allowed=False,
                    person=approval.person,
                    run_id=run.id,
                    how="merge",
                    note=f"policy.not_authorized: {text}",
                )
            )
        return NotAuthorized(text)
