"""The checks of a commit: check runs, and the older commit statuses."""

from tests.twins.github._asking import Answer, Ask, Json, Refused, Route, invalid
from tests.twins.github._pages import page_of
from tests.twins.github._records import Check, Status
from tests.twins.github._shapes import Shapes, told
from tests.twins.github._world import World

_ROOT = "/repos/{owner}/{repo}"
_COMMIT = f"{_ROOT}/commits/{{ref}}"
_STATES = ("error", "failure", "pending", "success")


class Checks:
    """The operations on checks."""

    def __init__(self, world: World, shapes: Shapes) -> None:
        self._world, self._shapes = world, shapes

    def routes(self) -> list[Route]:
        """Return them."""
        reads = ("statuses=read",)
        return [
            Route("GET", f"{_COMMIT}/check-runs", self.runs, ("checks=read",), "ref"),
            Route("GET", f"{_COMMIT}/status", self.combined, reads, "ref"),
            Route("GET", f"{_COMMIT}/statuses", self.statuses, reads, "ref"),
            Route("POST", f"{_ROOT}/statuses/{{sha}}", self.set, ("statuses=write",)),
        ]

    def runs(self, ask: Ask) -> Answer:
        """List a commit's check runs, newest first."""
        head, query = self._head(ask), ask.query
        rows = [
            self._run(each)
            for each in reversed(self._world.checks)
            if each.head == head
            and query.get("check_name", each.name) == each.name
            and query.get("status", each.progress) == each.progress
        ]
        url = f"{self._shapes.root}/commits/{ask.path['ref']}/check-runs"
        return page_of(ask, rows, url, "check_runs")

    def combined(self, ask: Ask) -> Answer:
        """Show the newest status of each name, and what they come to; none at all is pending."""
        head = self._head(ask)
        newest = {each.name: each for each in self._world.statuses if each.head == head}
        states = {each.state for each in newest.values()}
        bad = states & {"error", "failure"}
        state = "failure" if bad else "success" if states == {"success"} else "pending"
        url = f"{self._shapes.root}/commits/{head}"
        shown = page_of(ask, list(newest.values()), f"{url}/status", "statuses")
        assert isinstance(shown.data, dict)
        told_of = {
            **shown.data,
            "statuses": [self._status(each) for each in shown.data["statuses"]],
            "state": state,
            "sha": head,
            "repository": self._shapes.minimal_repository(),
            "commit_url": url,
            "url": f"{url}/status",
        }
        return Answer(told_of, headers=shown.headers)

    def statuses(self, ask: Ask) -> Answer:
        """List a commit's statuses, newest first."""
        head = self._head(ask)
        rows = [
            {**self._status(each), "creator": self._shapes.user(each.author)}
            for each in reversed(self._world.statuses)
            if each.head == head
        ]
        return page_of(ask, rows, f"{self._shapes.root}/commits/{ask.path['ref']}/statuses")

    def set(self, ask: Ask) -> Answer:
        """Set a status."""
        head, state = ask.path["sha"], ask.text("state")
        if self._world.git.resolve(head) is None:
            raise Refused(422, f"No commit found for SHA: {head}")
        if state not in _STATES:
            raise invalid("Status", code="custom", field="state", message="state is not valid")
        status = Status(
            self._world.next_id(), head, ask.text("context") or "default", state,
            ask.text("description"), self._world.now(), ask.who.account,
        )  # fmt: skip
        self._world.statuses.append(status)
        creator = self._shapes.user(status.author)
        return Answer({**self._status(status), "creator": creator}, 201)

    def _head(self, ask: Ask) -> str:
        head = self._world.git.resolve(ask.path["ref"])
        if head is None:
            raise Refused(422, f"No commit found for SHA: {ask.path['ref']}")
        return head

    def _run(self, each: Check) -> Json:
        ended = each.conclusion is not None
        return {
            "id": each.id,
            "head_sha": each.head,
            "node_id": f"CR_{each.id}",
            "external_id": "",
            "url": f"{self._shapes.root}/check-runs/{each.id}",
            "html_url": f"{self._shapes.page}/runs/{each.id}",
            "details_url": None,
            "status": each.progress,
            "conclusion": each.conclusion,
            "started_at": told(each.at),
            "completed_at": told(each.at) if ended else None,
            "output": {
                "title": None,
                "summary": None,
                "text": None,
                "annotations_count": 0,
                "annotations_url": f"{self._shapes.root}/check-runs/{each.id}/annotations",
            },
            "name": each.name,
            "check_suite": {"id": each.id},
            "app": self._shapes.app(each.app, "github-actions"),
            "pull_requests": [],
        }

    def _status(self, each: Status) -> Json:
        return {
            "url": f"{self._shapes.root}/statuses/{each.head}",
            "avatar_url": None,
            "id": each.id,
            "node_id": f"SC_{each.id}",
            "state": each.state,
            "description": each.description,
            "target_url": None,
            "context": each.name,
            "created_at": told(each.at),
            "updated_at": told(each.at),
        }
