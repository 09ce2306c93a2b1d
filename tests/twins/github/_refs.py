"""The repository itself, its refs and branches, and the rules that hold on them."""

from tests.twins.git_host.api import ApiError, ApiRequest, ApiResponse, Json, Route
from tests.twins.git_host.records import Rules
from tests.twins.git_host.world import World
from tests.twins.github._pages import build_page
from tests.twins.github._shapes import Shapes

_ROOT = "/repos/{owner}/{repo}"
_BRANCH = f"{_ROOT}/branches/{{branch}}"
_QUEUE = {
    "check_response_timeout_minutes": 60,
    "grouping_strategy": "ALLGREEN",
    "max_entries_to_build": 5,
    "max_entries_to_merge": 5,
    "merge_method": "MERGE",
    "min_entries_to_merge": 1,
    "min_entries_to_merge_wait_minutes": 5,
}


class Refs:
    """The operations on refs and branches."""

    def __init__(self, world: World, shapes: Shapes) -> None:
        self._world, self._shapes = world, shapes

    def list_routes(self) -> list[Route]:
        """Return them."""
        reads, writes = ("contents=read",), ("contents=write",)
        any_one, admin = ("metadata=read",), ("administration=read",)
        return [
            Route("GET", _ROOT, self.get_repository, any_one),
            Route("GET", f"{_ROOT}/git/matching-refs/{{ref}}", self.list_matching, reads, "ref"),
            Route("GET", f"{_ROOT}/git/ref/{{ref}}", self.get_ref, reads, "ref"),
            Route("POST", f"{_ROOT}/git/refs", self.create, writes),
            Route("DELETE", f"{_ROOT}/git/refs/{{ref}}", self.delete, writes, "ref"),
            Route("GET", f"{_BRANCH}/protection", self.get_protection, admin, "branch"),
            Route("GET", _BRANCH, self.get_branch, reads, "branch"),
            Route("GET", f"{_ROOT}/rules/branches/{{branch}}", self.list_rules, any_one, "branch"),
        ]

    def get_repository(self, ask: ApiRequest) -> ApiResponse:
        """Show the repository."""
        writes = ask.grant is not None and ask.grant.permissions.get("contents") == "write"
        return ApiResponse(self._shapes.render_full_repository(writes))

    def list_matching(self, ask: ApiRequest) -> ApiResponse:
        """List the refs that begin so."""
        start = f"refs/{ask.path['ref']}"
        folder = ask.path["ref"].split("/")[0]
        refs = self._world.git.list_refs(folder)
        return ApiResponse(
            [self._render_ref(name, to) for name, to in refs.items() if name.startswith(start)]
        )

    def get_ref(self, ask: ApiRequest) -> ApiResponse:
        """Show one ref."""
        name = f"refs/{ask.path['ref']}"
        to = self._world.git.list_refs(ask.path["ref"]).get(name)
        if to is None:
            raise ApiError(404, "Not Found")
        return ApiResponse(self._render_ref(name, to))

    def create(self, ask: ApiRequest) -> ApiResponse:
        """Make a ref."""
        name, to = ask.get_text("ref") or "", ask.get_text("sha") or ""
        if name.count("/") < 2 or not name.startswith("refs/"):
            raise ApiError(
                422, f"Reference name must start with 'refs/' and have two slashes: {name}"
            )
        if name in self._world.git.list_refs(name.removeprefix("refs/")):
            raise ApiError(422, "Reference already exists")
        if self._world.git.resolve(to) is None:
            raise ApiError(422, "Object does not exist")
        self._world.git.move(name, to)
        return ApiResponse(self._render_ref(name, to), 201)

    def delete(self, ask: ApiRequest) -> ApiResponse:
        """Delete a ref; pull requests of a deleted branch are closed."""
        name = f"refs/{ask.path['ref']}"
        if name not in self._world.git.list_refs(ask.path["ref"]):
            raise ApiError(422, "Reference does not exist")
        self._world.git.delete(name)
        self._world.settle()
        return ApiResponse(status=204)

    def get_branch(self, ask: ApiRequest) -> ApiResponse:
        """Show a branch and, in short, what protects it."""
        name = ask.path["branch"]
        head = self._world.git.list_heads().get(name)
        if head is None:
            raise ApiError(404, "Branch not found")
        url = f"{self._shapes.root}/branches/{name}"
        rules = self._world.rules.get(name)
        checks = rules.checks if rules and not rules.ruleset else ()
        short: Json = {
            "enabled": rules is not None and not rules.ruleset,
            "required_status_checks": {
                "enforcement_level": "everyone" if checks else "off",
                "contexts": list(checks),
                "checks": [{"context": each, "app_id": None} for each in checks],
            },
        }
        return ApiResponse(
            {
                "name": name,
                "commit": self._commit(head),
                "_links": {"self": url, "html": f"{self._shapes.page}/tree/{name}"},
                "protected": rules is not None,
                "protection": short,
                "protection_url": f"{url}/protection",
            }
        )

    def get_protection(self, ask: ApiRequest) -> ApiResponse:
        """Show what protects a branch; only who administers the repository may see it."""
        name = ask.path["branch"]
        if name not in self._world.git.list_heads():
            raise ApiError(404, "Branch not found")
        rules = self._world.rules.get(name)
        if rules is None or rules.ruleset:
            raise ApiError(404, "Branch not protected")
        url = f"{self._shapes.root}/branches/{name}/protection"
        body_json: Json = {
            "url": url,
            "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": True},
        }
        if rules.linear:
            body_json["required_linear_history"] = {"enabled": True}
        if rules.checks:
            body_json["required_status_checks"] = {
                "url": f"{url}/required_status_checks",
                "contexts_url": f"{url}/required_status_checks/contexts",
                "strict": rules.strict,
                "contexts": list(rules.checks),
                "checks": [{"context": each, "app_id": None} for each in rules.checks],
            }
        if rules.reviews:
            body_json["required_pull_request_reviews"] = {
                "url": f"{url}/required_pull_request_reviews",
                "dismiss_stale_reviews": False,
                "require_code_owner_reviews": False,
                "required_approving_review_count": rules.reviews,
                "require_last_push_approval": False,
            }
        return ApiResponse(body_json)

    def list_rules(self, ask: ApiRequest) -> ApiResponse:
        """List what rulesets ask of a branch; classic protection is not among it."""
        rules = self._world.rules.get(ask.path["branch"])
        rows = self._render_rules(rules) if rules is not None and rules.ruleset else []
        return build_page(ask, rows, f"{self._shapes.root}/rules/branches/{ask.path['branch']}")

    def _render_rules(self, rules: Rules) -> list[Json]:
        source: Json = {
            "ruleset_source_type": "Repository",
            "ruleset_source": self._shapes.full_name,
            "ruleset_id": 1,
        }
        rows: list[Json] = []
        if rules.checks:
            checks = {
                "required_status_checks": [{"context": each} for each in rules.checks],
                "strict_required_status_checks_policy": rules.strict,
            }
            rows.append({"type": "required_status_checks", "parameters": checks, **source})
        if rules.queue:
            rows.append({"type": "merge_queue", "parameters": _QUEUE, **source})
        if rules.linear:
            rows.append({"type": "required_linear_history", **source})
        if rules.reviews:
            reviews = {
                "required_approving_review_count": rules.reviews,
                "dismiss_stale_reviews_on_push": False,
                "require_code_owner_review": False,
                "require_last_push_approval": False,
                "required_review_thread_resolution": False,
            }
            rows.append({"type": "pull_request", "parameters": reviews, **source})
        return rows

    def _render_ref(self, name: str, to: str) -> Json:
        kind = self._world.git.get_kind(to)
        root = f"{self._shapes.root}/git"
        return {
            "ref": name,
            "node_id": f"REF_{name}",
            "url": f"{root}/{name}",
            "object": {"sha": to, "type": kind, "url": f"{root}/{kind}s/{to}"},
        }

    def _commit(self, commit: str) -> Json:
        git, root = self._world.git, self._shapes.root
        url = f"{root}/commits/{commit}"
        parts = git.get_message(commit, "%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%T").split("\0")
        names = ("name", "email", "date")
        parents = git.get_message(commit, "%P").split()
        return {
            "url": url,
            "sha": commit,
            "node_id": f"C_{commit}",
            "html_url": f"{self._shapes.page}/commit/{commit}",
            "comments_url": f"{url}/comments",
            "commit": {
                "url": f"{root}/git/commits/{commit}",
                "author": dict(zip(names, parts[:3], strict=True)),
                "committer": dict(zip(names, parts[3:6], strict=True)),
                "message": git.get_message(commit),
                "tree": {"sha": parts[6], "url": f"{root}/git/trees/{parts[6]}"},
                "comment_count": 0,
            },
            "author": None,
            "committer": None,
            "parents": [
                {
                    "sha": each,
                    "url": f"{root}/commits/{each}",
                    "html_url": f"{self._shapes.page}/commit/{each}",
                }
                for each in parents
            ],
        }
