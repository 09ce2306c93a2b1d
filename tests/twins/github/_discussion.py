"""What people say about a pull request: comments, reviews, labels."""

from datetime import datetime

from tests.twins.git_host.api import ApiError, ApiRequest, ApiResponse, Json, Route, make_invalid
from tests.twins.git_host.records import Comment, Issue, LineComment, Pull, Review, Verdict
from tests.twins.git_host.world import World
from tests.twins.github._pages import build_page
from tests.twins.github._pulls import Pulls
from tests.twins.github._shapes import Shapes, format_time

_ROOT = "/repos/{owner}/{repo}"
_ISSUE = f"{_ROOT}/issues/{{issue_number}}"
_PULL = f"{_ROOT}/pulls/{{pull_number}}"
_EVENTS: dict[str, Verdict] = {
    "APPROVE": "APPROVED",
    "REQUEST_CHANGES": "CHANGES_REQUESTED",
    "COMMENT": "COMMENTED",
}


class Discussion:
    """The operations on comments, reviews and labels."""

    def __init__(self, world: World, shapes: Shapes, pulls: Pulls) -> None:
        self._world, self._shapes, self._pulls = world, shapes, pulls

    def list_routes(self) -> list[Route]:
        """Return them."""
        reads, writes = ("pull_requests=read",), ("pull_requests=write",)
        either = ("issues=read", "pull_requests=read")
        both = ("issues=write", "pull_requests=write")
        return [
            Route("GET", f"{_ISSUE}/comments", self.list_comments, either),
            Route("POST", f"{_ISSUE}/comments", self.create_comment, both),
            Route("PATCH", f"{_ROOT}/issues/comments/{{comment_id}}", self.edit_comment, both),
            Route("GET", f"{_PULL}/comments", self.list_line_comments, reads),
            Route("GET", f"{_PULL}/reviews", self.list_reviews, reads),
            Route("POST", f"{_PULL}/reviews", self.review, writes),
            Route("GET", f"{_ROOT}/labels", self.list_labels, either),
            Route("POST", f"{_ROOT}/labels", self.make_label, both),
            Route("GET", f"{_ROOT}/labels/{{name}}", self.label, either),
            Route("GET", f"{_ISSUE}/labels", self.list_pull_labels, either),
            Route("POST", f"{_ISSUE}/labels", self.add_labels, both),
        ]

    def list_comments(self, ask: ApiRequest) -> ApiResponse:
        """List the comments below it, oldest first."""
        pull, since = self._find(ask), _parse_since(ask)
        rows = [
            self._render_comment(each)
            for each in self._world.comments
            if each.number == pull.number and (since is None or each.at >= since)
        ]
        return build_page(ask, rows, f"{self._shapes.root}/issues/{pull.number}/comments")

    def create_comment(self, ask: ApiRequest) -> ApiResponse:
        """Write a comment."""
        pull, text, world = self._find(ask), ask.get_text("body"), self._world
        if text is None:
            raise make_invalid("IssueComment", code="missing_field", field="body")
        written = Comment(
            world.allocate_id(), pull.number, ask.who.account, "CONTRIBUTOR", text, world.now()
        )
        world.comments.append(written)
        pull.updated = world.now()
        return ApiResponse(self._render_comment(written), 201)

    def edit_comment(self, ask: ApiRequest) -> ApiResponse:
        """Change the text of a comment: who may write may change everybody's."""
        number, text, world = ask.path["comment_id"], ask.get_text("body"), self._world
        found = [each for each in world.comments if str(each.id) == number]
        if not found:
            raise ApiError(404, "Not Found")
        if text is None:
            raise make_invalid("IssueComment", code="missing_field", field="body")
        (comment,) = found
        comment.text, comment.edited_at = text, world.now()
        return ApiResponse(self._render_comment(comment))

    def list_line_comments(self, ask: ApiRequest) -> ApiResponse:
        """List the comments on its lines, oldest first unless asked otherwise."""
        pull, since = self._pulls.find(ask), _parse_since(ask)
        rows = [
            self._render_line_comment(each)
            for each in self._world.line_comments
            if each.number == pull.number and (since is None or each.at >= since)
        ]
        if ask.query.get("direction") == "desc" and "sort" in ask.query:
            rows.reverse()
        return build_page(ask, rows, f"{self._shapes.root}/pulls/{pull.number}/comments")

    def list_reviews(self, ask: ApiRequest) -> ApiResponse:
        """List its reviews, oldest first."""
        pull = self._pulls.find(ask)
        rows = [self._review(each) for each in self._world.reviews if each.number == pull.number]
        return build_page(ask, rows, f"{self._shapes.root}/pulls/{pull.number}/reviews")

    def review(self, ask: ApiRequest) -> ApiResponse:
        """Review the pull request; the author's approval is refused."""
        pull, world = self._pulls.find(ask), self._world
        event, account = ask.get_text("event") or "", ask.who.account
        if event not in _EVENTS:
            raise ApiError(422, "Unprocessable Entity", ["Variable $event was not recognised"])
        if account is pull.author and event != "COMMENT":
            wish = "approve" if event == "APPROVE" else "request changes on"
            raise ApiError(422, "Unprocessable Entity", [f"Can not {wish} your own pull request"])
        text = ask.get_text("body") or ""
        if not text and event != "APPROVE":
            raise ApiError(422, "Unprocessable Entity", ["Body can't be blank"])
        head = ask.get_text("commit_id") or pull.head
        written = Review(
            world.allocate_id(), pull.number, account, "CONTRIBUTOR", _EVENTS[event], text, head,
            world.now(),
        )  # fmt: skip
        world.reviews.append(written)
        return ApiResponse(self._review(written))

    def list_labels(self, ask: ApiRequest) -> ApiResponse:
        """List the repository's labels."""
        rows = [self._label(each.name) for each in self._world.labels.values()]
        return build_page(ask, rows, f"{self._shapes.root}/labels")

    def label(self, ask: ApiRequest) -> ApiResponse:
        """Show a label."""
        if ask.path["name"].casefold() not in self._world.labels:
            raise ApiError(404, "Not Found")
        return ApiResponse(self._label(ask.path["name"]))

    def make_label(self, ask: ApiRequest) -> ApiResponse:
        """Make a label."""
        name = ask.get_text("name")
        if name is None:
            raise make_invalid("Label", code="missing_field", field="name")
        if name.casefold() in self._world.labels:
            raise make_invalid("Label", code="already_exists", field="name")
        label = self._world.label(name)
        label.color = ask.get_text("color") or label.color
        label.description = ask.get_text("description")
        return ApiResponse(self._label(name), 201)

    def list_pull_labels(self, ask: ApiRequest) -> ApiResponse:
        """List the labels of a pull request."""
        pull = self._find(ask)
        rows = [self._label(each.name) for each in pull.labels]
        return build_page(ask, rows, f"{self._shapes.root}/issues/{pull.number}/labels")

    def add_labels(self, ask: ApiRequest) -> ApiResponse:
        """Put labels on it; those the repository lacks are made."""
        pull, names = self._find(ask), ask.body.get("labels")
        if not isinstance(names, list):
            raise ApiError(422, 'Invalid request.\n\nNo subschema in "anyOf" matched.')
        for name in names:
            label = self._world.label(name if isinstance(name, str) else name["name"])
            if label not in pull.labels:
                pull.labels.append(label)
        return ApiResponse([self._label(each.name) for each in pull.labels])

    def _find(self, ask: ApiRequest) -> Pull | Issue:
        number = ask.path["issue_number"]
        issue = self._world.issues.get(int(number)) if number.isdigit() else None
        return issue or self._pulls.find(ask, "issue_number")

    def _label(self, name: str) -> Json:
        return {**self._shapes.label(self._world.label(name)), "archived_at": None}

    def _render_comment(self, each: Comment) -> Json:
        root, page = self._shapes.root, f"{self._shapes.page}/pull/{each.number}"
        return {
            "id": each.id,
            "node_id": f"IC_{each.id}",
            "url": f"{root}/issues/comments/{each.id}",
            "html_url": f"{page}#issuecomment-{each.id}",
            "issue_url": f"{root}/issues/{each.number}",
            "body": each.text,
            "user": self._shapes.render_user(each.author),
            "created_at": format_time(each.at),
            "updated_at": format_time(each.edited_at or each.at),
            "author_association": each.association,
            "performed_via_github_app": None,
        }

    def _review(self, each: Review) -> Json:
        page = f"{self._shapes.page}/pull/{each.number}"
        html, pull = (
            f"{page}#pullrequestreview-{each.id}",
            f"{self._shapes.root}/pulls/{each.number}",
        )
        return {
            "id": each.id,
            "node_id": f"PRR_{each.id}",
            "user": self._shapes.render_user(each.author),
            "body": each.text,
            "state": each.state,
            "html_url": html,
            "pull_request_url": pull,
            "_links": {"html": {"href": html}, "pull_request": {"href": pull}},
            "submitted_at": format_time(each.at),
            "commit_id": each.head,
            "author_association": each.association,
        }

    def _render_line_comment(self, each: LineComment) -> Json:
        page = f"{self._shapes.page}/pull/{each.number}"
        html, url = f"{page}#discussion_r{each.id}", f"{self._shapes.root}/pulls/comments/{each.id}"
        pull = f"{self._shapes.root}/pulls/{each.number}"
        line: Json = {"line": each.line, "original_line": each.line, "side": "RIGHT"}
        answers: Json = {} if each.answers is None else {"in_reply_to_id": each.answers}
        return {
            **(line if each.line is not None else {}),
            **answers,
            "url": url,
            "pull_request_review_id": each.review,
            "id": each.id,
            "node_id": f"PRRC_{each.id}",
            "diff_hunk": "@@ -1 +1 @@",
            "path": each.path,
            "commit_id": each.head,
            "original_commit_id": each.head,
            "user": self._shapes.render_user(each.author),
            "body": each.text,
            "created_at": format_time(each.at),
            "updated_at": format_time(each.at),
            "html_url": html,
            "pull_request_url": pull,
            "author_association": each.association,
            "subject_type": "file" if each.line is None else "line",
            "_links": {
                "self": {"href": url},
                "html": {"href": html},
                "pull_request": {"href": pull},
            },
        }


def _parse_since(ask: ApiRequest) -> datetime | None:
    text = ask.query.get("since")
    return datetime.fromisoformat(text) if text else None
