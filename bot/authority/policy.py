"""Who may do what. Denied by default; all entry points ask here and nowhere else."""

from enum import StrEnum

from theseus_guard.records import Finding

from bot.domain.errors import NotAuthorized, OutOfBounds, StaleApproval
from bot.domain.guilds import AllowLists
from bot.domain.people import ITSELF, AllowList, Person
from bot.domain.proposal import Proposal


class Act(StrEnum):
    """All acts that are not open to everyone."""

    ASK = "ask"  # investigate, fix, retry
    READ = "read"  # runs, plans, health
    CANCEL = "cancel"
    REVISE = "revise"
    ANSWER = "answer"
    REJECT = "reject"
    ENDORSE = "endorse"  # propose a plausible change
    SHIP = "ship"
    STEER = "steer"  # pause, remember, revert and similar
    SWITCH = "switch"  # a flag, on or off
    SET_GOALS = "set goals"  # for the bot, and let it work towards them
    RELOAD = "reload"  # prompts, skills and other live items, from their files
    ROLL_BACK = "roll back"  # a live item, to an older version
    STOP = "stop"  # all work, at once
    LIFT = "lift"  # the emergency stop
    TRUST = "trust"  # a tool of an MCP server, as it describes itself


FOR_APPROVERS = frozenset({Act.SHIP, Act.REJECT, Act.ENDORSE, Act.ROLL_BACK, Act.LIFT, Act.TRUST})
"""Acts that only approvers may do. Their roles are read from the server each time."""

FOR_EVERY_SERVER = frozenset(Act) - {Act.ASK}
"""Acts that, unless they are about one run, concern the whole bot.

People of a single server may not do them.
"""

_REFUSALS = {
    Act.ASK: "ask me to work on the code",
    Act.READ: "look at my work or try it",
    Act.CANCEL: "cancel a run",
    Act.REVISE: "revise a run",
    Act.ANSWER: "answer my questions",
    Act.REJECT: "reject a proposal",
    Act.ENDORSE: "propose an unproven change",
    Act.SHIP: "ship a change",
    Act.STEER: "tell me how to work",
    Act.SWITCH: "switch a flag",
    Act.SET_GOALS: "set goals for me",
    Act.RELOAD: "reload my files",
    Act.ROLL_BACK: "roll back my prompts and skills",
    Act.STOP: "stop everything",
    Act.LIFT: "lift the emergency stop",
    Act.TRUST: "approve a tool",
}


def authorize(people: AllowList, person: Person, act: Act) -> None:
    """Return if `person` may do `act`; raise `NotAuthorized` with a polite refusal if not.

    The bot itself, other programs and people outside of our server may do nothing, whatever the
    lists say.
    """
    if person.id == ITSELF.id or person.bot:
        name = ITSELF.name if person.id == ITSELF.id else person.name
        raise NotAuthorized(f"{name} is a program, and only people may do this.")
    if person.outsider:
        raise NotAuthorized(
            f"Sorry {person.name}, I accept that only from members of the server I work for, sent "
            "there or in a direct message."
        )
    if people.approvers.has(person):
        return
    if act not in FOR_APPROVERS and people.developers.has(person):
        return
    raise NotAuthorized(
        f"Sorry {person.name}, you are not on the list of people who may {_REFUSALS[act]}.",
        member=True,
    )


def is_allowed(people: AllowList, person: Person, act: Act) -> bool:
    """Return whether `person` may do `act`, without raising."""
    try:
        authorize(people, person, act)
    except NotAuthorized:
        return False
    return True


def is_allowed_here(people: AllowLists, person: Person, act: Act) -> bool:
    """Return whether `person` may do `act` in the server in which they act."""
    return all(is_allowed(each, person, act) for each in people.select_here(person))


def check_binding(
    proposal: Proposal, *, card_id: int | None, head: str | None, forge_head: str | None
) -> None:
    """Raise `StaleApproval` if the person saw something other than what would ship.

    `card_id` and `head` are the card and commit that the person referred to, if any; `forge_head`
    is the branch's current head at the forge.
    """
    if card_id is not None and card_id != proposal.card_id:
        raise StaleApproval(
            "That card is not the newest one of this run; please use the newest card."
        )
    if head is not None and not proposal.head.startswith(head):
        raise StaleApproval(
            f"That was for `{head[:7]}`, and the newest proposal is `{proposal.head[:7]}`; "
            "please look at the newest card."
        )
    if forge_head is not None and forge_head != proposal.head:
        raise StaleApproval(
            f"The branch has moved: the card shows `{proposal.head[:7]}`, its head is now "
            f"`{forge_head[:7]}`. Nothing was merged; I check the new commit and post a new card."
        )


def is_security_sensitive(findings: tuple[Finding, ...]) -> bool:
    """Return whether a change touches code that ships only with a person's "security reviewed"."""
    return any(finding.rule == "protected_path" for finding in findings)


def check_slowdowns(slowdowns: tuple[str, ...], *, accepted: bool) -> None:
    """Raise `OutOfBounds` if the change makes commands slower and the person did not accept it."""
    if slowdowns and not accepted:
        raise OutOfBounds(
            f"This makes commands slower ({'; '.join(slowdowns)}). If that is acceptable, say "
            '"ship it, slower accepted". Nothing was merged.'
        )


def check_review(findings: tuple[Finding, ...], *, reviewed: bool) -> None:
    """Raise `OutOfBounds` if a security review is needed and the person did not state one."""
    if is_security_sensitive(findings) and not reviewed:
        paths = ", ".join(f"`{f.path}`" for f in findings if f.rule == "protected_path")
        raise OutOfBounds(
            f"This changes security-sensitive code ({paths}). If you have reviewed it, say "
            '"ship it, security reviewed".'
        )
