"""The list of incidents, the page of one incident, and what people do there.

A person's session acts with the rights that the person has in chat at that moment, through the same
service as the chat, which audits it. The operator's session reads only.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler
from cachetools import FIFOCache

from bot.domain.errors import OutOfBounds, UnknownRun, WorkspaceError, WrongStage
from bot.domain.evidence import Suspect
from bot.domain.history import History
from bot.domain.incident import Incident
from bot.domain.incident_comments import LONGEST_COMMENT, IncidentComment
from bot.domain.people import Person
from bot.domain.run import Run
from bot.monitoring.incident_acts import IncidentActs
from bot.monitoring.similar_incidents import list_similar
from bot.ports.workspace import Checkout
from bot.presentation.cards import describe_mute
from bot.web._auth_middleware import LOGIN
from bot.web._collaborators import IncidentDesk, WebServices
from bot.web._failure_view import FailureView, build_failure_view
from bot.web._incident_chart import build_incident_chart, chart_since
from bot.web._incident_events import EVENTS_A_PAGE, IncidentEvents, read_events
from bot.web._list_exports import build_export_links
from bot.web._numbers import parse_number
from bot.web._page_frame import PageFrame
from bot.web._page_links import build_page_links
from bot.web._readers import Readers
from bot.web._responses import Refused, see_other
from bot.web._search_queries import read_page_number

_ENTRIES = 50
_LONGEST_RUN = timedelta(days=14)
_MOST_SUSPECTS = 3
_CACHED = 64
_FORM_BYTES = 16 * 1024  # a comment of 1,000 characters, each of them four bytes, encoded
HOURS: Mapping[str, str] = {"1": "1 hour", "3": "3 hours", "24": "24 hours", "168": "7 days"}
TIMES: Mapping[str, str] = {"10": "10 times", "100": "100 times", "1000": "1,000 times"}
"""For how long, and for how many further times, a page offers to ignore an incident."""


class IncidentRun(NamedTuple):
    """The run about an incident, or the run of its fix, with what it has recorded."""

    run: Run
    history: History


class IncidentPages:
    """Shows incidents, and takes what people decide about them."""

    def __init__(self, services: WebServices, frame: PageFrame, readers: Readers) -> None:
        self._services = services
        self._frame = frame
        self._readers = readers
        self._failures: FIFOCache[str, FailureView] = FIFOCache(_CACHED)
        self._suspects: FIFOCache[object, Sequence[Suspect]] = FIFOCache(_CACHED)

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The handlers by the name of their route."""
        return {
            "incidents": self.show_incidents,
            "incident": self.show_incident,
            "incident_act": self.act,
        }

    async def show_incidents(self, request: web.Request) -> web.Response:
        """Show open incidents, then recent ones."""
        desk = self._services.incidents
        known = sorted(desk.list_incidents(), key=lambda each: not each.open) if desk else []
        number = read_page_number(request)
        some = known[(number - 1) * _ENTRIES : number * _ENTRIES]
        return await self._frame.show(
            request, "incidents.html", "Incidents", here="/incidents", live=True, incidents=some,
            exports=build_export_links("incidents", {}),
            turns=build_page_links("/incidents", {}, number, more=len(known) > number * _ENTRIES),
        )  # fmt: skip

    async def show_incident(self, request: web.Request) -> web.Response:
        """Show all that is known about one incident."""
        desk = self._get_desk()
        try:
            incident = desk.find(request.match_info["id"])
        except WrongStage as error:
            raise Refused(404, str(error)) from error
        now = self._services.clock.now()
        sources = self._services.get_sources(incident.target)
        since, number = chart_since(incident, now), read_page_number(request)
        samples = await sources.journal.list_samples(since=since, until=now, event=incident.event)
        # Summaries are listed by the start of the run; its change may have gone live much later.
        runs = await self._services.search.list_summaries(since=since - _LONGEST_RUN)
        events = await read_events(sources.journal, incident)
        comments = await desk.get_acts(incident.id).comments.list_comments(incident.id)
        known = desk.list_incidents()
        work = await self._find_run(incident.run_id)
        offset = (number - 1) * EVENTS_A_PAGE
        return await self._frame.show(
            request, "incident.html", incident.full_title, here="/incidents", live=True,
            incident=incident,
            is_ignored=incident.is_muted(now),
            mute=describe_mute(incident),
            chart=build_incident_chart(incident, samples, runs, since, now),
            failure=await self._build_failure(events, sources.checkout),
            events=events,
            some=events.events[offset : offset + EVENTS_A_PAGE],
            turns=build_page_links(
                f"/incidents/{incident.id}", {}, number,
                more=len(events.events) > offset + EVENTS_A_PAGE,
            ),
            suspects=await self._find_suspects(incident, work, events, sources.checkout),
            fixed=await self._find_run(incident.fix.run_id if incident.fix else None),
            similar=list_similar(incident, known),
            comments=comments,
            people=_list_people(known, comments),
            hours=HOURS, times=TIMES, longest=LONGEST_COMMENT,
        )  # fmt: skip

    async def act(self, request: web.Request) -> web.Response:
        """Do what a person decided about an incident, and show its page again."""
        sent = await self._frame.read_own_form(request, _FORM_BYTES)
        person = await self._readers.fetch_actor(request[LOGIN])
        if person is None:
            raise Refused(
                403, "only people decide about incidents, and this is the operator's session; log "
                "in through Discord (docs/logins.md), or use /incidents in chat.",
            )  # fmt: skip
        incident_id, desk = request.match_info["id"], self._get_desk()
        try:
            await self._decide(desk, incident_id, person, sent)
        except OutOfBounds as error:
            raise Refused(400, str(error)) from error
        except WrongStage as error:
            is_known = any(each.id == incident_id for each in desk.list_incidents())
            raise Refused(409 if is_known else 404, str(error)) from error
        return see_other(f"/incidents/{incident_id}")

    async def _decide(
        self, desk: IncidentDesk, incident_id: str, person: Person, sent: Mapping[str, str]
    ) -> None:
        acts = desk.get_acts(incident_id)
        match sent.get("act"):
            case "assign":
                assignee = await self._find_assignee(person, sent.get("person", ""))
                await acts.assign(incident_id, person, assignee)
            case "ignore":
                await _ignore(acts, incident_id, person, sent.get("until", ""))
            case "unignore":
                await acts.unmute(incident_id, person)
            case "third-party":
                await acts.mark_third_party(incident_id, person)
            case "rules":
                await acts.mark_ours(incident_id, person)
            case "comment":
                await acts.add_comment(incident_id, person, sent.get("text", ""))
            case "close":
                await desk.close(incident_id, person)
            case _:
                raise Refused(400, "that form asks for nothing that I know.")

    async def _find_assignee(self, person: Person, asked: str) -> Person | None:
        """Return whom the form names: `me`, `nobody` (`None`), or a member by id."""
        if asked in ("me", "nobody"):
            return person if asked == "me" else None
        person_id = parse_number(asked, 20)
        if person_id is None:
            raise Refused(400, "say who looks after it.")
        logins = self._readers.logins
        found = await logins.members.fetch_person(person_id) if logins is not None else None
        if found is None:
            raise Refused(400, "that person is not a member of the server that I work for.")
        return found

    def _get_desk(self) -> IncidentDesk:
        if self._services.incidents is None:
            raise Refused(404, "incident detection is not active here.")
        return self._services.incidents

    async def _find_run(self, run_id: str | None) -> IncidentRun | None:
        if run_id is None:
            return None
        try:
            run = await self._services.agent.find(run_id=run_id)
        except UnknownRun:
            return None
        return IncidentRun(run, await self._services.agent.get_history(run.id))

    async def _build_failure(
        self, events: IncidentEvents, checkout: Checkout | None
    ) -> FailureView | None:
        """Return the newest failure; the page is refreshed often, so a failure is read once."""
        action = events.newest_failure
        if action is None or action.error is None:
            return None
        if action.id not in self._failures:
            try:
                view = await build_failure_view(action, action.error, checkout)
            except WorkspaceError:
                return await build_failure_view(action, action.error, None)
            self._failures[action.id] = view
        return self._failures[action.id]

    async def _find_suspects(
        self,
        incident: Incident,
        work: IncidentRun | None,
        events: IncidentEvents,
        checkout: Checkout | None,
    ) -> Sequence[Suspect]:
        """Return the commits that may have caused it: those of its run, else those of its lines.

        Once a fix is merged, git names the fix for these lines, so only the run's count.
        """
        evidence = work.history.evidence if work is not None else None
        if evidence is not None and evidence.suspects:
            return evidence.suspects[:_MOST_SUSPECTS]
        action = events.newest_failure
        if incident.fix is not None or checkout is None or action is None or action.error is None:
            return ()
        frames = reversed(action.error.frames)
        sites = tuple(dict.fromkeys((each.file, each.line) for each in frames))
        key = (incident.target, action.commit, sites)
        if key not in self._suspects:
            try:
                self._suspects[key] = await checkout.find_suspects(sites, limit=_MOST_SUSPECTS)
            except WorkspaceError:
                return ()
        return self._suspects[key]


async def _ignore(acts: IncidentActs, incident_id: str, person: Person, until: str) -> None:
    """Ignore the incident for the offered time or number of times that the form names."""
    kind, _, amount = until.partition(":")
    if kind == "hours" and amount in HOURS:
        await acts.ignore(incident_id, person, span=timedelta(hours=int(amount)))
    elif kind == "times" and amount in TIMES:
        await acts.ignore(incident_id, person, times=int(amount))
    else:
        raise Refused(400, "say until when to ignore it.")


def _list_people(
    incidents: Sequence[Incident], comments: Sequence[IncidentComment]
) -> list[Person]:
    """Return the people who have had to do with incidents, to choose one who looks after it.

    Whether a person may is asked when they are chosen.
    """
    found = [each.person for each in comments]
    for incident in incidents:
        decided = (incident.assignee and incident.assignee.person, incident.muted_by)
        found += [each for each in (*decided, incident.triage_by) if each]
    known = {each.id: each for each in found if each.id}
    return sorted(known.values(), key=lambda each: each.name.lower())
