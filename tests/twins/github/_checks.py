"""The checks of a commit: check runs, and the older commit statuses."""

from tests.twins.git_host.api import ApiError, ApiRequest, ApiResponse, Json, Route, make_invalid
from tests.twins.git_host.records import Check, Status
from tests.twins.git_host.world import World
from tests.twins.github._pages import build_page
from tests.twins.github._shapes import Shapes, format_time

_ROOT = "/repos/{owner}/{repo}"
_COMMIT = f"{_ROOT}/commits/{{ref}}"
_STATES = ("error", "failure", "pending", "success")


class Checks:
    """The operations on checks."""

    def __init__(self, world: World, shapes: Shapes) -> None:
        self._world, self._shapes = world, shapes

    def list_routes(self) -> list[Route]:
        """Return them."""
        reads = ("statuses=read",)
        return [
            Route("GET", f"{_COMMIT}/check-runs", self.list_runs, ("checks=read",), "ref"),
            Route("GET", f"{_COMMIT}/status", self.get_combined_status, reads, "ref"),
            Route("GET", f"{_COMMIT}/statuses", self.list_statuses, reads, "ref"),
            Route("POST", f"{_ROOT}/statuses/{{sha}}", self.set, ("statuses=write",)),
        ]

    def list_runs(self, ask: ApiRequest) -> ApiResponse:
        """List a commit's check runs, newest first."""
        head, query = self._resolve_head(ask), ask.query
        rows = [
            self._render_run(each)
            for each in reversed(self._world.checks)
            if each.head == head
            and query.get("check_name", each.name) == each.name
            and query.get("status", each.progress) == each.progress
        ]
        url = f"{self._shapes.root}/commits/{ask.path['ref']}/check-runs"
        return build_page(ask, rows, url, "check_runs")

    def get_combined_status(self, ask: ApiRequest) -> ApiResponse:
        """Show the newest status of each name, and what they come to; none at all is pending."""
        head = self._resolve_head(ask)
        newest = {each.name: each for each in self._world.statuses if each.head == head}
        states = {each.state for each in newest.values()}
        bad = states & {"error", "failure"}
        state = "failure" if bad else "success" if states == {"success"} else "pending"
        url = f"{self._shapes.root}/commits/{head}"
        shown = build_page(ask, list(newest.values()), f"{url}/status", "statuses")
        assert isinstance(shown.data, dict)
        told_of = {
            **shown.data,
            "statuses": [self._render_status(each) for each in shown.data["statuses"]],
            "state": state,
            "sha": head,
            "repository": self._shapes.render_minimal_repository(),
            "commit_url": url,
            "url": f"{url}/status",
        }
        return ApiResponse(told_of, headers=shown.headers)

    def list_statuses(self, ask: ApiRequest) -> ApiResponse:
        """List a commit's statuses, newest first."""
        head = self._resolve_head(ask)
        rows = [
            {**self._render_status(each), "creator": self._shapes.render_user(each.author)}
            for each in reversed(self._world.statuses)
            if each.head == head
        ]
        return build_page(ask, rows, f"{self._shapes.root}/commits/{ask.path['ref']}/statuses")

    def set(self, ask: ApiRequest) -> ApiResponse:
        """Set a status."""
        head, state = ask.path["sha"], ask.get_text("state")
        if self._world.git.resolve(head) is None:
            raise ApiError(422, f"No commit found for SHA: {head}")
        if state not in _STATES:
            raise make_invalid("Status", code="custom", field="state", message="state is not valid")
        status = Status(
            self._world.allocate_id(), head, ask.get_text("context") or "default", state,
            ask.get_text("description"), self._world.now(), ask.who.account,
        )  # fmt: skip
        self._world.statuses.append(status)
        creator = self._shapes.render_user(status.author)
        return ApiResponse({**self._render_status(status), "creator": creator}, 201)

    def _resolve_head(self, ask: ApiRequest) -> str:
        head = self._world.git.resolve(ask.path["ref"])
        if head is None:
            raise ApiError(422, f"No commit found for SHA: {ask.path['ref']}")
        return head

    def _render_run(self, each: Check) -> Json:
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
            "started_at": format_time(each.at),
            "completed_at": format_time(each.at) if ended else None,
            "output": {
                "title": None,
                "summary": None,
                "text": None,
                "annotations_count": 0,
                "annotations_url": f"{self._shapes.root}/check-runs/{each.id}/annotations",
            },
            "name": each.name,
            "check_suite": {"id": each.id},
            "app": self._shapes.render_app(each.app, "github-actions"),
            "pull_requests": [],
        }

    def _render_status(self, each: Status) -> Json:
        return {
            "url": f"{self._shapes.root}/statuses/{each.head}",
            "avatar_url": None,
            "id": each.id,
            "node_id": f"SC_{each.id}",
            "state": each.state,
            "description": each.description,
            "target_url": None,
            "context": each.name,
            "created_at": format_time(each.at),
            "updated_at": format_time(each.at),
        }
