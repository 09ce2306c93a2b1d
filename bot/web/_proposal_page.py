"""The page of a proposal: its diff, comments on lines, and people's decisions about it.

What people do here is passed to the services that serve the chat, which authorise and audit it. An
approval or rejection names the commit and the card that the page showed; the page never refreshes
by itself, so that nobody decides about code that replaced what they read.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.authority.approval_policy import describe_votes
from bot.authority.approvals import ApprovalRequest
from bot.authority.policy import is_security_sensitive
from bot.domain.dialogue import ProposalComment
from bot.domain.errors import (
    ChatError,
    ForgeError,
    NotAuthorized,
    PolicyError,
    TheseusError,
    UnknownRun,
    WrongStage,
)
from bot.domain.history import History
from bot.domain.people import Person
from bot.domain.proposal import Proposal
from bot.domain.run import Run, Stage, Status
from bot.web._auth_middleware import LOGIN
from bot.web._code_diff import compute_digests
from bot.web._collaborators import ProposalReview, WebServices
from bot.web._numbers import parse_number
from bot.web._page_frame import PageFrame
from bot.web._readers import OPERATOR_DECIDES_NOTHING, Readers
from bot.web._responses import Refused, build_login_path, see_other

_HEAD = re.compile(r"[0-9a-f]{7,64}")
_LONGEST_COMMENT = 1_000
_LONGEST_REASON = 200


class DecisionView(NamedTuple):
    """What the page shows of the decision about a proposal.

    `is_open`: it waits for people. `is_current`: the page's diff is of the proposal's commit, which
    was checked. `refusal` is why the last act was refused.
    """

    is_open: bool
    is_current: bool
    needs_review: bool
    slowdowns: tuple[str, ...]
    progress: str
    refusal: str


@dataclass(frozen=True, eq=False)
class ProposalPage:
    """Shows a proposal, and takes approvals, rejections, comments and ticks of viewed files."""

    services: WebServices
    frame: PageFrame
    readers: Readers

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The handlers by the name of their route."""
        return {"proposal": self.show_proposal, "review": self.review}

    async def show_proposal(self, request: web.Request) -> web.Response:
        """Show the newest proposal of a run."""
        return await self._show(request, request.match_info["id"])

    async def review(self, request: web.Request) -> web.Response:
        """Do what a person's form says, with their rights of this moment."""
        sent = await self.frame.read_own_form(request)
        review = self.services.proposals
        if review is None:
            raise Refused(404, "proposals cannot be decided on here.")
        person = await self.readers.fetch_actor(request[LOGIN])
        if person is None:
            raise Refused(403, OPERATOR_DECIDES_NOTHING)
        run = await self.services.agent.find(run_id=request.match_info["id"])
        anchor = ""
        try:
            match sent.get("act", ""):
                case "approve":
                    await review.approvals.give(_read_approval(run, person, sent))
                case "reject":
                    await _reject(review, run, person, sent)
                case "comment":
                    anchor = await self._add_comment(review, run, person, sent)
                case "view":
                    anchor = await self._tick(review, run, person, sent)
                case _:
                    raise Refused(400, "choose what to do: approve, reject, comment or view.")
        except UnknownRun:
            raise
        except (PolicyError, WrongStage, ForgeError, ChatError) as refusal:
            return await self._show(request, run.id, refusal)
        return see_other(f"/runs/{run.id}/proposal{anchor}")

    async def _add_comment(
        self, review: ProposalReview, run: Run, person: Person, sent: Mapping[str, str]
    ) -> str:
        """Pass a comment on to the run; return where the page shows it."""
        text, asked = sent.get("text", "").strip(), sent.get("line", "").strip()
        if not text or len(text) > _LONGEST_COMMENT:
            raise Refused(400, f"a comment has 1 to {_LONGEST_COMMENT:,} characters.")
        line = parse_number(asked, 8)
        if asked and not line:
            raise Refused(400, "the line is a number, or empty for the whole file.")
        file = sent.get("file", "")
        place, _ = await self._find_file(run, file) if file else ("", "")
        comment = ProposalComment(
            head=_read_head(sent),
            file=file,
            line=line if file else None,
            text=text,
        )
        await review.conversation.add_comment(run.id, person, comment)
        return place or "#comments"

    async def _tick(
        self, review: ProposalReview, run: Run, person: Person, sent: Mapping[str, str]
    ) -> str:
        """Tick or untick a file as viewed; return where the page shows it."""
        file, digest = sent.get("file", ""), sent.get("digest", "")
        place, current = await self._find_file(run, file)
        if digest not in ("", current):
            raise Refused(409, "that file has changed since; load the page again.")
        await review.viewed.tick(run.id, person, file, digest)
        return place

    async def _find_file(self, run: Run, file: str) -> tuple[str, str]:
        """Return the place on the page of a file of the diff, and the digest of its diff."""
        change = (await self.services.agent.get_history(run.id)).change_set
        digests = await asyncio.to_thread(compute_digests, change.diff if change else "")
        if file not in digests:
            raise Refused(400, "that file is not part of the proposal; load the page again.")
        return f"#file-{list(digests).index(file) + 1}", digests[file]

    async def _show(
        self, request: web.Request, run_id: str, refusal: TheseusError | None = None
    ) -> web.Response:
        run = await self.services.agent.find(run_id=run_id)
        history = await self.services.agent.get_history(run.id)
        if history.proposal is None:
            raise Refused(404, f"run {run.id} has not proposed anything yet.")
        login, review = request.get(LOGIN), self.services.proposals
        person_id = login.person_id if login is not None else None
        can_act = review is not None and person_id is not None
        can_comment = can_act and review is not None and review.conversation.can_revise
        viewed: Mapping[str, str] = {}
        if review is not None and person_id is not None:
            viewed = await review.viewed.list_viewed(run.id, person_id)
        items = history.instructions.items if history.instructions else ()
        page = await self.frame.show(
            request, "proposal.html", f"Proposal #{history.proposal.number}", here="/runs",
            run=run, history=history, proposal=history.proposal, comments=items, viewed=viewed,
            decision=_describe_decision(run, history, history.proposal, refusal), can_act=can_act,
            can_comment=can_comment,
            chosen=await _read_place(request, history), login=build_login_path(request.path_qs),
        )  # fmt: skip
        page.set_status(_get_status(refusal))
        return page


def _describe_decision(
    run: Run, history: History, proposal: Proposal, refusal: TheseusError | None
) -> DecisionView:
    change, verdict = history.change_set, history.verdict
    checked = verdict is not None and verdict.head == proposal.head
    return DecisionView(
        is_open=run.stage is Stage.SHIP and run.status is Status.WAITING,
        is_current=checked and change is not None and change.head == proposal.head,
        needs_review=verdict is not None and is_security_sensitive(verdict.findings),
        slowdowns=verdict.slowdowns if verdict is not None else (),
        progress=_describe_progress(history, proposal),
        refusal=str(refusal) if refusal is not None else "",
    )


def _describe_progress(history: History, proposal: Proposal) -> str:
    votes = history.approval_votes
    if votes is None or not votes.is_for(proposal):
        return ""
    names = ", ".join(each.person.name for each in votes.approvals)
    return describe_votes(votes) or (f"Approved by {names}." if names else "")


def _read_approval(run: Run, person: Person, sent: Mapping[str, str]) -> ApprovalRequest:
    """Return the approval of the commit and the card that the page showed."""
    return ApprovalRequest(
        person=person,
        how="page",
        run_id=run.id,
        card_id=_read_card(sent),
        head=_read_head(sent),
        security_reviewed=sent.get("reviewed") == "yes",
        slower_accepted=sent.get("slower") == "yes",
    )


async def _reject(
    review: ProposalReview, run: Run, person: Person, sent: Mapping[str, str]
) -> None:
    head, card = _read_head(sent), _read_card(sent)
    why = sent.get("why", "").strip()[:_LONGEST_REASON]
    await review.decisions.reject(run.id, person, why=why, card_id=card, head=head, how="page")


def _read_head(sent: Mapping[str, str]) -> str:
    head = sent.get("head", "")
    if _HEAD.fullmatch(head) is None:
        raise Refused(400, "the form names no commit; load the page again.")
    return head


def _read_card(sent: Mapping[str, str]) -> int:
    """Return the card of the page; 0, which is no card, if the form names none."""
    return parse_number(sent.get("card", ""), 20) or 0


async def _read_place(request: web.Request, history: History) -> tuple[int, int]:
    """Return the number of the file and of the line to comment on, from the address; 0: none.

    Our own links say which `file` it is by its number; pages of a forge know its `path` only.
    """
    file, line = (parse_number(request.query.get(name, ""), 7) for name in ("file", "line"))
    path, change = request.query.get("path", ""), history.change_set
    if path and change is not None:
        files = list(await asyncio.to_thread(compute_digests, change.diff))
        file = files.index(path) + 1 if path in files else 0
    return file or 0, line or 0


def _get_status(refusal: TheseusError | None) -> int:
    if refusal is None:
        return 200
    if isinstance(refusal, NotAuthorized):
        return 403
    return 409 if isinstance(refusal, (PolicyError, WrongStage)) else 503
