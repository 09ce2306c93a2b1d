"""Pull requests: opening, showing, changing, merging."""

from collections.abc import Callable, Iterable

from tests.twins.git_host.api import ApiError, ApiRequest, ApiResponse, Route, make_invalid
from tests.twins.git_host.records import Pull, Rules
from tests.twins.git_host.repository import Unmergeable
from tests.twins.git_host.world import World
from tests.twins.github._pages import build_page
from tests.twins.github._shapes import Shapes

_PULLS = "/repos/{owner}/{repo}/pulls"
_PULL = f"{_PULLS}/{{pull_number}}"
_VIOLATIONS = "Repository rule violations found"
_REFUSED_METHODS = {
    "merge": "Merge commits are not allowed on this repository.",
    "squash": "Squash merges are not allowed on this repository.",
    "rebase": "Rebase merges are not allowed on this repository.",
}


class Pulls:
    """The operations below `/pulls` that are about the pull request itself."""

    def __init__(self, world: World, shapes: Shapes) -> None:
        self._world, self._shapes = world, shapes

    def list_routes(self) -> list[Route]:
        """Return them."""
        reads, writes = ("pull_requests=read",), ("pull_requests=write",)
        return [
            Route("GET", _PULLS, self.list_pulls, reads),
            Route("POST", _PULLS, self.create, writes),
            Route("GET", _PULL, self.show, reads),
            Route("PATCH", _PULL, self.change, writes),
            Route("GET", f"{_PULL}/merge", self.is_merged, reads),
            Route("PUT", f"{_PULL}/merge", self.merge, ("contents=write",)),
        ]

    def find(self, ask: ApiRequest, name: str = "pull_number") -> Pull:
        """Return the pull request of the path."""
        number = ask.path[name]
        found = self._world.pulls.get(int(number)) if number.isdigit() else None
        if found is None:
            raise ApiError(404, "Not Found")
        return found

    def list_pulls(self, ask: ApiRequest) -> ApiResponse:
        """List them, newest first unless asked otherwise."""
        query = ask.query
        state = query.get("state", "open")
        if state not in ("open", "closed", "all"):
            raise make_invalid("PullRequest", code="invalid", field="state")
        found: Iterable[Pull] = self._world.pulls.values()
        if state != "all":
            found = (pull for pull in found if pull.open == (state == "open"))
        if head := query.get("head"):
            # Without the owner GitHub ignores the filter.
            found = (
                pull for pull in found if ":" not in head or self._shapes.label_of(pull) == head
            )
        if base := query.get("base"):
            found = (pull for pull in found if pull.base == base)
        sort = query.get("sort", "created")
        rows = sorted(
            found, key=_make_sort_key(sort), reverse=_is_descending(query.get("direction"), sort)
        )
        url = f"{self._shapes.root}/pulls"
        shown = build_page(ask, rows, url)
        assert isinstance(shown.data, list)
        return ApiResponse([self._shapes.pull(pull) for pull in shown.data], headers=shown.headers)

    def show(self, ask: ApiRequest) -> ApiResponse:
        """Show one."""
        return ApiResponse(self._shapes.render_full_pull(self.find(ask), look=True))

    def create(self, ask: ApiRequest) -> ApiResponse:
        """Open one."""
        world, owner = self._world, self._world.owner.login
        title, base, head = ask.get_text("title"), ask.get_text("base"), ask.get_text("head")
        for field, value in (("title", title), ("head", head), ("base", base)):
            if value is None:
                raise make_invalid("PullRequest", code="missing_field", field=field)
        assert title and base and head
        branch = head.removeprefix(f"{owner}:")
        heads = world.git.list_heads()
        for field, name in (("head", branch), ("base", base)):
            if name not in heads:
                raise make_invalid("PullRequest", code="invalid", field=field)
        if any(
            each.open and not each.fork and (each.branch, each.base) == (branch, base)
            for each in self._iterate_pulls()
        ):
            raise make_invalid(
                "PullRequest", f"A pull request already exists for {owner}:{branch}."
            )
        if not world.git.is_related(heads[base], heads[branch]):
            raise make_invalid(
                "PullRequest", f"The {branch} branch has no history in common with {base}"
            )
        if world.git.is_ancestor(heads[base], heads[branch]):
            raise make_invalid("PullRequest", f"No commits between {base} and {branch}")
        draft = ask.body.get("draft") is True
        if draft and not world.settings.drafts:
            raise ApiError(422, "Draft pull requests are not supported in this repository.")
        pull = world.open(branch, base, ask.who.account, title, ask.get_text("body"))
        pull.draft = draft
        return ApiResponse(
            self._shapes.render_full_pull(pull),
            201,
            {"Location": f"{self._shapes.root}/pulls/{pull.number}"},
        )

    def change(self, ask: ApiRequest) -> ApiResponse:
        """Change its title, body or state."""
        pull = self.find(ask)
        if "title" in ask.body:
            title = ask.get_text("title")
            if title is None:
                raise make_invalid("PullRequest", code="missing_field", field="title")
            pull.title = title
        if "body" in ask.body:
            pull.body = ask.get_text("body")
        if (base := ask.get_text("base")) is not None:
            if base not in self._world.git.list_heads():
                raise make_invalid("PullRequest", code="invalid", field="base")
            pull.base = base
        state = ask.get_text("state")
        if state == "closed" and pull.open:
            self._world.close(pull)
        elif state == "open" and not pull.open:
            self._reopen(pull)
        elif state not in ("open", "closed", None):
            raise make_invalid("PullRequest", code="invalid", field="state")
        pull.updated = self._world.now()
        self._world.settle()
        return ApiResponse(self._shapes.render_full_pull(pull))

    def _reopen(self, pull: Pull) -> None:
        if pull.merged_at is not None:
            reason = "The pull request cannot be reopened."
        elif pull.branch not in self._world.git.list_heads():
            reason = f"The {pull.branch} branch has been deleted."
        elif any(each.open and each.branch == pull.branch for each in self._iterate_pulls()):
            reason = f"There is already an open pull request from {pull.branch} to {pull.base}."
        else:
            pull.closed_at = None
            return
        raise make_invalid("PullRequest", f"state cannot be changed. {reason}", code="invalid")

    def is_merged(self, ask: ApiRequest) -> ApiResponse:
        """Say by the status alone whether it is merged."""
        if self.find(ask).merged_at is None:
            raise ApiError(404, "Not Found")
        return ApiResponse(status=204)

    def merge(self, ask: ApiRequest) -> ApiResponse:
        """Merge the pull request if no rule prevents it."""
        world, pull = self._world, self.find(ask)
        method = ask.get_text("merge_method") or "merge"
        if method not in _REFUSED_METHODS:
            raise make_invalid("PullRequest", code="invalid", field="merge_method")
        self._admit(pull, method, ask.get_text("sha"))
        try:
            commit = self._create_merge(pull, method, ask)
        except Unmergeable:
            raise ApiError(405, "Pull Request is not mergeable") from None
        world.git.move(f"refs/heads/{pull.base}", commit, pull.base_sha)
        world.record_merge(pull, commit, ask.who.account)
        if world.settings.deletes_branches and not pull.fork:
            world.git.delete(f"refs/heads/{pull.branch}")
        return ApiResponse(
            {"sha": commit, "merged": True, "message": "Pull Request successfully merged"}
        )

    def _admit(self, pull: Pull, method: str, head: str | None) -> None:
        """Refuse to merge what GitHub would not merge."""
        world = self._world
        if not pull.open:
            raise ApiError(405, "Pull Request is not mergeable")
        if pull.draft:
            raise ApiError(405, "Pull Request is still a draft")
        if head not in (None, pull.head):
            raise ApiError(409, "Head branch was modified. Review and try the merge again.")
        if method not in world.settings.methods:
            raise ApiError(405, _REFUSED_METHODS[method])
        rules = world.rules.get(pull.base, Rules())
        if rules.linear and method == "merge":
            raise ApiError(405, "This branch must not contain merge commits.")
        if rules.queue:
            raise ApiError(
                405, f"{_VIOLATIONS}\n\nChanges must be made through the merge queue\n\n"
            )
        if objections := world.list_objections(pull):
            if rules.ruleset:
                told = "\n\n".join(objections)
                raise ApiError(405, f"{_VIOLATIONS}\n\n{told}\n\n")
            raise ApiError(405, objections[0])

    def _create_merge(self, pull: Pull, method: str, ask: ApiRequest) -> str:
        git = self._world.git
        if method == "rebase":
            return git.rebase(pull.base_sha, pull.head)
        if method == "squash":
            title = ask.get_text("commit_title") or f"{pull.title} (#{pull.number})"
            return git.squash(
                pull.base_sha, pull.head, _build_message(title, ask.get_text("commit_message"))
            )
        title = ask.get_text("commit_title") or self._world.merge_title(pull)
        message = ask.get_text("commit_message") or pull.title
        return git.merge(pull.base_sha, pull.head, _build_message(title, message))

    def _iterate_pulls(self) -> Iterable[Pull]:
        return self._world.pulls.values()


def _build_message(title: str, text: str | None) -> str:
    return f"{title}\n\n{text}\n" if text else f"{title}\n"


def _make_sort_key(sort: str) -> Callable[[Pull], tuple[object, int]]:
    return lambda pull: (pull.updated if sort == "updated" else pull.at, pull.number)


def _is_descending(direction: str | None, sort: str) -> bool:
    """Return whether to sort newest first: the default for creation, but not for other keys."""
    return direction == "desc" if direction else sort == "created"
