"""The repository, its branches, commit statuses, issues, labels, comments and reviews."""

from tests.twins.forgejo._front import build_page
from tests.twins.forgejo._pulls import Pulls
from tests.twins.forgejo._shapes import Shapes
from tests.twins.git_host.api import ApiError, ApiRequest, ApiResponse, Route
from tests.twins.git_host.records import Comment, Issue, Pull
from tests.twins.git_host.world import World

_REPO = "/repos/{owner}/{repo}"
_ISSUE = f"{_REPO}/issues/{{index}}"
_READ = ("contents=read",)
_READ_ISSUES, _WRITE_ISSUES = ("issues=read",), ("issues=write",)
VERSION = "11.0.1+gitea-1.22.0"


class RepositoryRoutes:
    """The operations on everything but pull requests."""

    def __init__(self, world: World, shapes: Shapes, pulls: Pulls, page_size: int) -> None:
        self._world, self._shapes, self._pulls = world, shapes, pulls
        self._page_size = page_size

    def list_routes(self) -> list[Route]:
        """Return them."""
        reviews = f"{_REPO}/pulls/{{index}}/reviews"
        return [
            Route("GET", "/version", self.get_version),
            Route("GET", "/user", self.get_user, ("metadata=read",)),
            Route("GET", _REPO, self.get_repository, _READ),
            Route("GET", f"{_REPO}/branches/{{branch}}", self.get_branch, _READ, wild="branch"),
            Route("GET", f"{_REPO}/commits/{{ref}}/status", self.get_status, _READ),
            Route("GET", f"{_REPO}/issues", self.list_issues, _READ_ISSUES),
            Route("GET", f"{_ISSUE}/comments", self.list_comments, _READ_ISSUES),
            Route("POST", f"{_ISSUE}/comments", self.add_comment, _WRITE_ISSUES),
            Route("POST", f"{_ISSUE}/labels", self.add_labels, _WRITE_ISSUES),
            Route("GET", f"{_REPO}/labels", self.list_labels, _READ_ISSUES),
            Route("POST", f"{_REPO}/labels", self.create_label, _WRITE_ISSUES),
            Route("GET", reviews, self.list_reviews, _READ),
            Route("GET", f"{reviews}/{{id}}/comments", self.list_line_comments, _READ),
        ]

    def get_version(self, _ask: ApiRequest) -> ApiResponse:
        """Return the version, to anyone."""
        return ApiResponse({"version": VERSION})

    def get_user(self, ask: ApiRequest) -> ApiResponse:
        """Return the user of the token."""
        return ApiResponse(self._shapes.render_user(ask.who.account))

    def get_repository(self, ask: ApiRequest) -> ApiResponse:
        """Show the repository."""
        return ApiResponse(self._shapes.render_repository(ask.grant))

    def get_branch(self, ask: ApiRequest) -> ApiResponse:
        """Show a branch."""
        if ask.path["branch"] not in self._world.git.list_heads():
            raise ApiError(404, "The target couldn't be found.")
        return ApiResponse(self._shapes.render_branch(ask.path["branch"], ask.grant))

    def get_status(self, ask: ApiRequest) -> ApiResponse:
        """Show the newest status of each context."""
        ref = ask.path["ref"]
        newest = {each.name: each for each in self._world.statuses if each.head == ref}
        if not newest:
            return ApiResponse(
                {
                    "state": "",
                    "sha": "",
                    "total_count": 0,
                    "statuses": None,
                    "repository": None,
                    "commit_url": "",
                    "url": "",
                }
            )
        page = build_page(ask, [*newest.values()], self._page_size)
        shown = {
            "state": "pending",
            "sha": ref,
            "total_count": len(newest),
            "statuses": [self._shapes.render_status(each) for each in page.data],  # type: ignore[attr-defined]
            "repository": self._shapes.render_repository(ask.grant),
            "commit_url": "",
            "url": "",
        }
        return ApiResponse(shown, headers=page.headers)

    def list_issues(self, ask: ApiRequest) -> ApiResponse:
        """List issues, newest first. A label that does not exist is no condition."""
        kind = ask.query.get("type")
        if kind not in ("issues", "pulls"):
            raise ApiError(500, "this twin lists issues or pulls, not both")
        world = self._world
        listed: list[Issue | Pull] = [*(world.issues if kind == "issues" else world.pulls).values()]
        wanted = {name for name in ask.query.get("labels", "").split(",")}
        known = {label.name for label in self._world.labels.values()}
        state = ask.query.get("state", "open")
        rows = [
            self._shapes.render_issue(each)
            for each in sorted(listed, key=lambda each: -each.number)
            if (state == "all" or each.open == (state == "open"))
            and {label.name for label in each.labels} >= wanted & known
        ]
        return build_page(ask, rows, self._page_size)

    def list_comments(self, ask: ApiRequest) -> ApiResponse:
        """List what was said below an issue or pull request; this list has no pages."""
        number = self._find(ask).number
        said = [each for each in self._world.comments if each.number == number]
        return ApiResponse([self._shapes.render_comment(each) for each in said])

    def add_comment(self, ask: ApiRequest) -> ApiResponse:
        """Post a comment on an issue or pull request."""
        world, number = self._world, self._find(ask).number
        text = ask.get_text("body") or ""
        said = Comment(world.allocate_id(), number, ask.who.account, "", text, world.now())
        world.comments.append(said)
        return ApiResponse(self._shapes.render_comment(said), 201)

    def add_labels(self, ask: ApiRequest) -> ApiResponse:
        """Add labels by name; names that the repository does not have are ignored."""
        target, names = self._find(ask), ask.body["labels"]
        assert isinstance(names, list)
        known = {label.name: label for label in self._world.labels.values()}
        target.labels += [known[name] for name in names if name in known]
        return ApiResponse([self._shapes.render_label(each) for each in target.labels])

    def list_labels(self, ask: ApiRequest) -> ApiResponse:
        """List the repository's labels."""
        rows = [self._shapes.render_label(each) for each in self._world.labels.values()]
        return build_page(ask, rows, self._page_size)

    def create_label(self, ask: ApiRequest) -> ApiResponse:
        """Make a label."""
        label = self._world.label(str(ask.body["name"]))
        label.color = str(ask.body["color"])
        return ApiResponse(self._shapes.render_label(label), 201)

    def list_reviews(self, ask: ApiRequest) -> ApiResponse:
        """List the reviews of a pull request."""
        number = self._pulls.find(ask).number
        rows = [
            self._shapes.render_review(each)
            for each in self._world.reviews
            if each.number == number
        ]
        return build_page(ask, rows, self._page_size)

    def list_line_comments(self, ask: ApiRequest) -> ApiResponse:
        """List the comments of a review; this list has no pages."""
        review = int(ask.path["id"])
        lines = [each for each in self._world.line_comments if each.review == review]
        return ApiResponse([self._shapes.render_line_comment(each) for each in lines])

    def _find(self, ask: ApiRequest) -> Issue | Pull:
        number = int(ask.path["index"])
        found = self._world.issues.get(number) or self._world.pulls.get(number)
        if found is None:
            raise ApiError(404, "The target couldn't be found.")
        return found
