"""Issues: listed with pull requests, as GitHub does."""

from tests.twins.git_host.api import ApiError, ApiRequest, ApiResponse, Json, Route, make_invalid
from tests.twins.git_host.records import Issue, Pull
from tests.twins.git_host.world import World
from tests.twins.github._pages import build_page
from tests.twins.github._shapes import Shapes, format_time

_ISSUES = "/repos/{owner}/{repo}/issues"


class Issues:
    """The operations on issues themselves; what is said below them is `Talk`."""

    def __init__(self, world: World, shapes: Shapes) -> None:
        self._world, self._shapes = world, shapes

    def list_routes(self) -> list[Route]:
        """Return them."""
        return [Route("GET", _ISSUES, self.list_issues, ("issues=read", "pull_requests=read"))]

    def list_issues(self, ask: ApiRequest) -> ApiResponse:
        """List issues and pull requests, newest first unless asked otherwise."""
        state = ask.query.get("state", "open")
        if state not in ("open", "closed", "all"):
            raise make_invalid("Issue", code="invalid", field="state")
        if ask.query.get("sort", "created") != "created":
            raise ApiError(422, "this twin sorts issues by when they were opened")
        found: list[Issue | Pull] = [*self._world.issues.values(), *self._world.pulls.values()]
        wanted = [name.casefold() for name in ask.query.get("labels", "").split(",") if name]
        rows = [
            each
            for each in found
            if state == "all" or each.open == (state == "open")
            if {label.name.casefold() for label in each.labels} >= set(wanted)
        ]
        newest_first = ask.query.get("direction", "desc") == "desc"
        rows.sort(key=lambda each: each.number, reverse=newest_first)
        shown = build_page(ask, rows, f"{self._shapes.root}/issues")
        assert isinstance(shown.data, list)
        return ApiResponse([self._render_issue(each) for each in shown.data], headers=shown.headers)

    def _render_issue(self, each: Issue | Pull) -> Json:
        shapes, is_pull = self._shapes, isinstance(each, Pull)
        url = f"{shapes.root}/issues/{each.number}"
        page = f"{shapes.page}/{'pull' if is_pull else 'issues'}/{each.number}"
        pull = {
            "url": f"{shapes.root}/pulls/{each.number}",
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
        }
        return {
            **({"pull_request": pull} if is_pull else {}),
            "id": each.id,
            "node_id": f"I_{each.id}",
            "url": url,
            "repository_url": shapes.root,
            "labels_url": f"{url}/labels{{/name}}",
            "comments_url": f"{url}/comments",
            "events_url": f"{url}/events",
            "html_url": page,
            "number": each.number,
            "state": "open" if each.open else "closed",
            "title": each.title,
            "body": each.body,
            "user": shapes.render_user(each.author),
            "labels": [shapes.label(label) for label in each.labels],
            "assignee": None,
            "assignees": [],
            "milestone": None,
            "locked": False,
            "comments": sum(said.number == each.number for said in self._world.comments),
            "created_at": format_time(each.at),
            "updated_at": format_time(each.updated),
            "closed_at": format_time(each.closed_at),
            "author_association": "CONTRIBUTOR",
        }
