"""Pull requests: opened, changed, merged, in Forgejo's ways and words."""

from fnmatch import fnmatchcase

from tests.twins.forgejo._front import build_page
from tests.twins.forgejo._shapes import Shapes, is_work_in_progress
from tests.twins.git_host.api import ApiError, ApiRequest, ApiResponse, Route
from tests.twins.git_host.records import Pull, Rules
from tests.twins.git_host.repository import Unmergeable
from tests.twins.git_host.world import World

_REPO = "/repos/{owner}/{repo}"
_PULLS = f"{_REPO}/pulls"
_READ, _WRITE = ("contents=read",), ("contents=write",)
_LATER = "Please try again later"
_UNKNOWN = "The target couldn't be found."


class Pulls:
    """The operations on pull requests."""

    def __init__(self, world: World, shapes: Shapes, page_size: int) -> None:
        self._world, self._shapes, self._page_size = world, shapes, page_size

    def list_routes(self) -> list[Route]:
        """Return them. Those with a number go first: the last one takes any two parts."""
        return [
            Route("GET", _PULLS, self.list_pulls, _READ),
            Route("POST", _PULLS, self.create, _WRITE),
            Route("GET", f"{_PULLS}/{{index}}", self.show, _READ),
            Route("PATCH", f"{_PULLS}/{{index}}", self.change, _WRITE),
            Route("POST", f"{_PULLS}/{{index}}/merge", self.merge, _WRITE),
            Route("GET", f"{_PULLS}/{{base}}/{{head}}", self.find_by_ends, _READ, wild="head"),
        ]

    def find(self, ask: ApiRequest) -> Pull:
        """Return the pull request of the path."""
        pull = self._world.pulls.get(int(ask.path["index"]))
        if pull is None:
            raise ApiError(404, _UNKNOWN)
        return pull

    def list_pulls(self, ask: ApiRequest) -> ApiResponse:
        """List pull requests, newest first."""
        state = ask.query.get("state", "open")
        rows = [
            self._shapes.render_pull(each, ask.grant)
            for each in sorted(self._world.pulls.values(), key=lambda each: -each.number)
            if state == "all" or each.open == (state == "open")
        ]
        return build_page(ask, rows, self._page_size)

    def show(self, ask: ApiRequest) -> ApiResponse:
        """Show one."""
        pull = self.find(ask)
        self._world.look(pull)
        return self._render(pull, ask)

    def find_by_ends(self, ask: ApiRequest) -> ApiResponse:
        """Show the first one of a base and a head branch, whatever its state."""
        for pull in self._world.pulls.values():
            if (pull.base, pull.branch, pull.fork) == (ask.path["base"], ask.path["head"], None):
                return self._render(pull, ask)
        raise ApiError(404, _UNKNOWN)

    def create(self, ask: ApiRequest) -> ApiResponse:
        """Open one."""
        title, base, head = (ask.get_text(name) or "" for name in ("title", "base", "head"))
        heads = self._world.git.list_heads()
        if base not in heads or head not in heads:
            raise ApiError(404, _UNKNOWN)
        for pull in self._world.pulls.values():
            if pull.open and (pull.base, pull.branch) == (base, head):
                told = f"pull request already exists for these targets [id: {pull.id}]"
                raise ApiError(409, told)
        if len(title) > 255:
            raise ApiError(500, "")
        pull = self._world.open(head, base, ask.who.account, title, ask.get_text("body"))
        return self._render(pull, ask, 201)

    def change(self, ask: ApiRequest) -> ApiResponse:
        """Change its title, body or state."""
        pull = self.find(ask)
        pull.title = ask.get_text("title") or pull.title
        if "body" in ask.body:
            pull.body = ask.get_text("body")
        if "state" in ask.body:
            if pull.merged_at is not None:
                told = "cannot change state of this pull request, it was already merged"
                raise ApiError(412, told)
            if ask.body["state"] == "closed" and pull.open:
                self._world.close(pull)
        pull.updated = self._world.now()
        return self._render(pull, ask, 201)

    def merge(self, ask: ApiRequest) -> ApiResponse:
        """Merge the pull request if no rule prevents it."""
        world, pull, style = self._world, self.find(ask), str(ask.body["Do"])
        self._admit(pull, force=ask.body.get("force_merge") is True)
        if style not in world.settings.methods:
            raise ApiError(
                405, f"{style} is not allowed an allowed merge style for this repository"
            )
        if ask.get_text("head_commit_id") not in (None, pull.head):
            raise ApiError(409, "head out of date")
        commit = self._create_merge(pull, style)
        world.git.move(f"refs/heads/{pull.base}", commit, pull.base_sha)
        world.record_merge(pull, commit, ask.who.account)
        if ask.body.get("delete_branch_after_merge") is True:
            world.git.delete(f"refs/heads/{pull.branch}")
        return ApiResponse()

    def _admit(self, pull: Pull, *, force: bool) -> None:
        """Refuse what Forgejo would not merge, in the order of its `CheckPullMergeable`."""
        if pull.merged_at is not None:
            raise ApiError(405, "")
        if not pull.open:
            raise ApiError(404, _UNKNOWN)
        if is_work_in_progress(pull):
            raise ApiError(405, "Work in progress PRs cannot be merged")
        if not self._world.look(pull):  # a conflict, or not known yet: the answer is the same
            raise ApiError(405, _LATER)
        reason = "" if force else self._find_objection(pull)
        if reason:
            raise ApiError(405, f"not allowed to merge [reason: {reason}]")

    def _find_objection(self, pull: Pull) -> str:
        rules = self._world.rules.get(pull.base)
        if rules is None:
            return ""
        approvals = [*self._world.collect_approvals(pull).values()]
        if not self._has_successful_checks(pull, rules):
            return "Not all required status checks successful"
        if approvals.count("APPROVED") < rules.reviews:
            return "Does not have enough approvals"
        if "CHANGES_REQUESTED" in approvals and rules.reviews:
            return "There are requested changes"
        if self._world.is_behind(pull):
            return "The head branch is behind the base branch"
        return ""

    def _has_successful_checks(self, pull: Pull, rules: Rules) -> bool:
        results = self._world.collect_results(pull.head)
        return all(
            any(fnmatchcase(name, wanted) for name in results)
            and all(
                state == "success" for name, state in results.items() if fnmatchcase(name, wanted)
            )
            for wanted in rules.checks
        )

    def _create_merge(self, pull: Pull, style: str) -> str:
        git = self._world.git
        try:
            if style == "rebase":
                return git.rebase(pull.base_sha, pull.head)
            title = f"Merge pull request '{pull.title}' (#{pull.number}) from {pull.branch}"
            if style == "squash":
                return git.squash(pull.base_sha, pull.head, f"{pull.title} (#{pull.number})\n")
            return git.merge(pull.base_sha, pull.head, f"{title}\n")
        except Unmergeable:
            raise ApiError(409, "") from None

    def _render(self, pull: Pull, ask: ApiRequest, status: int = 200) -> ApiResponse:
        return ApiResponse(self._shapes.render_pull(pull, ask.grant), status)
