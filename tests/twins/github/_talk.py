"""What people say about a pull request: comments, reviews, labels."""

from datetime import datetime

from tests.twins.github._asking import Answer, Ask, Json, Refused, Route, invalid
from tests.twins.github._pages import page_of
from tests.twins.github._pulls import Pulls
from tests.twins.github._records import Comment, Issue, LineComment, Pull, Review, Verdict
from tests.twins.github._shapes import Shapes, told
from tests.twins.github._world import World

_ROOT = "/repos/{owner}/{repo}"
_ISSUE = f"{_ROOT}/issues/{{issue_number}}"
_PULL = f"{_ROOT}/pulls/{{pull_number}}"
_EVENTS: dict[str, Verdict] = {
    "APPROVE": "APPROVED",
    "REQUEST_CHANGES": "CHANGES_REQUESTED",
    "COMMENT": "COMMENTED",
}


class Talk:
    """The operations on comments, reviews and labels."""

    def __init__(self, world: World, shapes: Shapes, pulls: Pulls) -> None:
        self._world, self._shapes, self._pulls = world, shapes, pulls

    def routes(self) -> list[Route]:
        """Return them."""
        reads, writes = ("pull_requests=read",), ("pull_requests=write",)
        either = ("issues=read", "pull_requests=read")
        both = ("issues=write", "pull_requests=write")
        return [
            Route("GET", f"{_ISSUE}/comments", self.comments, either),
            Route("POST", f"{_ISSUE}/comments", self.comment, both),
            Route("GET", f"{_PULL}/comments", self.line_comments, reads),
            Route("GET", f"{_PULL}/reviews", self.reviews, reads),
            Route("POST", f"{_PULL}/reviews", self.review, writes),
            Route("GET", f"{_ROOT}/labels", self.labels, either),
            Route("POST", f"{_ROOT}/labels", self.make_label, both),
            Route("GET", f"{_ROOT}/labels/{{name}}", self.label, either),
            Route("GET", f"{_ISSUE}/labels", self.labels_of, either),
            Route("POST", f"{_ISSUE}/labels", self.add_labels, both),
        ]

    def comments(self, ask: Ask) -> Answer:
        """List the comments below it, oldest first."""
        pull, since = self._find(ask), _since(ask)
        rows = [
            self._comment(each)
            for each in self._world.comments
            if each.number == pull.number and (since is None or each.at >= since)
        ]
        return page_of(ask, rows, f"{self._shapes.root}/issues/{pull.number}/comments")

    def comment(self, ask: Ask) -> Answer:
        """Write a comment."""
        pull, text, world = self._find(ask), ask.text("body"), self._world
        if text is None:
            raise invalid("IssueComment", code="missing_field", field="body")
        written = Comment(
            world.next_id(), pull.number, ask.who.account, "CONTRIBUTOR", text, world.now()
        )
        world.comments.append(written)
        pull.updated = world.now()
        return Answer(self._comment(written), 201)

    def line_comments(self, ask: Ask) -> Answer:
        """List the comments on its lines, oldest first unless asked otherwise."""
        pull, since = self._pulls.find(ask), _since(ask)
        rows = [
            self._line_comment(each)
            for each in self._world.line_comments
            if each.number == pull.number and (since is None or each.at >= since)
        ]
        if ask.query.get("direction") == "desc" and "sort" in ask.query:
            rows.reverse()
        return page_of(ask, rows, f"{self._shapes.root}/pulls/{pull.number}/comments")

    def reviews(self, ask: Ask) -> Answer:
        """List its reviews, oldest first."""
        pull = self._pulls.find(ask)
        rows = [self._review(each) for each in self._world.reviews if each.number == pull.number]
        return page_of(ask, rows, f"{self._shapes.root}/pulls/{pull.number}/reviews")

    def review(self, ask: Ask) -> Answer:
        """Review it; nobody approves what is their own."""
        pull, world = self._pulls.find(ask), self._world
        event, account = ask.text("event") or "", ask.who.account
        if event not in _EVENTS:
            raise Refused(422, "Unprocessable Entity", ["Variable $event was not recognised"])
        if account is pull.author and event != "COMMENT":
            wish = "approve" if event == "APPROVE" else "request changes on"
            raise Refused(422, "Unprocessable Entity", [f"Can not {wish} your own pull request"])
        text = ask.text("body") or ""
        if not text and event != "APPROVE":
            raise Refused(422, "Unprocessable Entity", ["Body can't be blank"])
        head = ask.text("commit_id") or pull.head
        written = Review(
            world.next_id(), pull.number, account, "CONTRIBUTOR", _EVENTS[event], text, head,
            world.now(),
        )  # fmt: skip
        world.reviews.append(written)
        return Answer(self._review(written))

    def labels(self, ask: Ask) -> Answer:
        """List the repository's labels."""
        rows = [self._label(each.name) for each in self._world.labels.values()]
        return page_of(ask, rows, f"{self._shapes.root}/labels")

    def label(self, ask: Ask) -> Answer:
        """Show a label."""
        if ask.path["name"].casefold() not in self._world.labels:
            raise Refused(404, "Not Found")
        return Answer(self._label(ask.path["name"]))

    def make_label(self, ask: Ask) -> Answer:
        """Make a label."""
        name = ask.text("name")
        if name is None:
            raise invalid("Label", code="missing_field", field="name")
        if name.casefold() in self._world.labels:
            raise invalid("Label", code="already_exists", field="name")
        label = self._world.label(name)
        label.color = ask.text("color") or label.color
        label.description = ask.text("description")
        return Answer(self._label(name), 201)

    def labels_of(self, ask: Ask) -> Answer:
        """List the labels of a pull request."""
        pull = self._find(ask)
        rows = [self._label(each.name) for each in pull.labels]
        return page_of(ask, rows, f"{self._shapes.root}/issues/{pull.number}/labels")

    def add_labels(self, ask: Ask) -> Answer:
        """Put labels on it; those the repository lacks are made."""
        pull, names = self._find(ask), ask.body.get("labels")
        if not isinstance(names, list):
            raise Refused(422, 'Invalid request.\n\nNo subschema in "anyOf" matched.')
        for name in names:
            label = self._world.label(name if isinstance(name, str) else name["name"])
            if label not in pull.labels:
                pull.labels.append(label)
        return Answer([self._label(each.name) for each in pull.labels])

    def _find(self, ask: Ask) -> Pull | Issue:
        number = ask.path["issue_number"]
        issue = self._world.issues.get(int(number)) if number.isdigit() else None
        return issue or self._pulls.find(ask, "issue_number")

    def _label(self, name: str) -> Json:
        return {**self._shapes.label(self._world.label(name)), "archived_at": None}

    def _comment(self, each: Comment) -> Json:
        root, page = self._shapes.root, f"{self._shapes.page}/pull/{each.number}"
        return {
            "id": each.id,
            "node_id": f"IC_{each.id}",
            "url": f"{root}/issues/comments/{each.id}",
            "html_url": f"{page}#issuecomment-{each.id}",
            "issue_url": f"{root}/issues/{each.number}",
            "body": each.text,
            "user": self._shapes.user(each.author),
            "created_at": told(each.at),
            "updated_at": told(each.at),
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
            "user": self._shapes.user(each.author),
            "body": each.text,
            "state": each.state,
            "html_url": html,
            "pull_request_url": pull,
            "_links": {"html": {"href": html}, "pull_request": {"href": pull}},
            "submitted_at": told(each.at),
            "commit_id": each.head,
            "author_association": each.association,
        }

    def _line_comment(self, each: LineComment) -> Json:
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
            "user": self._shapes.user(each.author),
            "body": each.text,
            "created_at": told(each.at),
            "updated_at": told(each.at),
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


def _since(ask: Ask) -> datetime | None:
    text = ask.query.get("since")
    return datetime.fromisoformat(text) if text else None
