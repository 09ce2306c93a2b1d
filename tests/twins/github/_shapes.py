"""Accounts, the repository and its pull requests, as GitHub writes them in JSON."""

from datetime import datetime

from tests.twins.git_host.api import Json
from tests.twins.git_host.records import Account, Label, Pull
from tests.twins.git_host.world import World

_USER_PARTS = (
    "followers", "following", "gists", "starred", "subscriptions", "orgs", "repos", "events",
    "received_events",
)  # fmt: skip
_REPOSITORY_PARTS = (
    "archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare",
    "contents", "contributors", "deployments", "downloads", "events", "forks", "git_commits",
    "git_refs", "git_tags", "issue_comment", "issue_events", "issues", "keys", "labels",
    "languages", "merges", "milestones", "notifications", "pulls", "releases", "stargazers",
    "statuses", "subscribers", "subscription", "tags", "teams", "trees", "hooks",
)  # fmt: skip


def format_time(at: datetime | None) -> str | None:
    """Return a time in GitHub's form."""
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")


class Shapes:
    """Writes JSON with addresses below `api` (REST) and `web` (pages for people)."""

    def __init__(self, world: World, api: str, web: str) -> None:
        self._world, self.api, self._web = world, api, web
        self.full_name = f"{world.owner.login}/{world.name}"
        self.root = f"{api}/repos/{self.full_name}"
        self.page = f"{web}/{self.full_name}"

    def render_user(self, account: Account) -> Json:
        """Return a simple user."""
        url = f"{self.api}/users/{account.login}"
        parts = {f"{part}_url": f"{url}/{part}" for part in _USER_PARTS}
        parts["organizations_url"] = parts.pop("orgs_url")
        return parts | {
            "login": account.login,
            "id": account.id,
            "node_id": f"U_{account.id}",
            "avatar_url": f"{self._web}/avatars/u/{account.id}",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{self._web}/{account.login}",
            "type": account.kind,
            "site_admin": False,
        }

    def render_own_user(self, account: Account) -> Json:
        """Return the user who asks."""
        at = format_time(self._world.founded)
        counts = ("public_repos", "public_gists", "followers", "following")
        unknown = ("name", "company", "blog", "location", "email", "hireable", "bio")
        return {
            **self.render_user(account),
            **dict.fromkeys(counts, 0),
            **dict.fromkeys(unknown),
            "created_at": at,
            "updated_at": at,
        }

    def render_minimal_repository(self) -> Json:
        """Return the fields of a repository that are always present."""
        parts = {f"{part}_url": f"{self.root}/{part}" for part in _REPOSITORY_PARTS}
        return parts | {
            "id": 1,
            "node_id": "R_1",
            "name": self._world.name,
            "full_name": self.full_name,
            "owner": self.render_user(self._world.owner),
            "private": self._world.settings.private,
            "html_url": self.page,
            "description": None,
            "fork": False,
            "url": self.root,
        }

    def render_repository(self) -> Json:
        """Return the repository as pull requests show it."""
        at, clone = format_time(self._world.founded), f"{self.page}.git"
        opened = sum(pull.open for pull in self._world.pulls.values())
        counts = ("forks_count", "stargazers_count", "watchers_count", "size", "forks", "watchers")
        return {
            **self.render_minimal_repository(),
            **dict.fromkeys(counts, 0),
            **{f"has_{part}": True for part in ("issues", "projects", "wiki")},
            "has_pages": False,
            "has_discussions": False,
            "git_url": clone,
            "ssh_url": clone,
            "clone_url": clone,
            "svn_url": self.page,
            "mirror_url": None,
            "homepage": None,
            "language": "Python",
            "default_branch": self._world.main,
            "open_issues_count": opened,
            "open_issues": opened,
            "archived": False,
            "disabled": False,
            "pushed_at": at,
            "created_at": at,
            "updated_at": at,
            "license": None,
        }

    def render_full_repository(self, writes: bool) -> Json:
        """Return the repository as it shows itself; `writes`: may the caller push."""
        settings = self._world.settings
        return {
            **self.render_repository(),
            "subscribers_count": 0,
            "network_count": 0,
            "visibility": "private" if settings.private else "public",
            "permissions": {"admin": False, "push": writes, "pull": True},
            "allow_merge_commit": "merge" in settings.methods,
            "allow_squash_merge": "squash" in settings.methods,
            "allow_rebase_merge": "rebase" in settings.methods,
            "delete_branch_on_merge": settings.deletes_branches,
        }

    def label(self, label: Label) -> Json:
        """Return a label as pull requests show it."""
        return {
            "id": label.id,
            "node_id": f"LA_{label.id}",
            "url": f"{self.root}/labels/{label.name}",
            "name": label.name,
            "description": label.description,
            "color": label.color,
            "default": False,
            "archived_by": None,
        }

    def pull(self, pull: Pull) -> Json:
        """Return a pull request as a list shows it."""
        url, issue = f"{self.root}/pulls/{pull.number}", f"{self.root}/issues/{pull.number}"
        html = f"{self.page}/pull/{pull.number}"
        links = {
            "self": url,
            "html": html,
            "issue": issue,
            "comments": f"{issue}/comments",
            "review_comments": f"{url}/comments",
            "review_comment": f"{self.root}/pulls/comments{{/number}}",
            "commits": f"{url}/commits",
            "statuses": f"{self.root}/statuses/{pull.head}",
        }
        addresses = {f"{name}_url": href for name, href in links.items() if name != "self"}
        return addresses | {
            "url": url,
            "id": pull.id,
            "node_id": pull.node_id,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            "number": pull.number,
            "state": "open" if pull.open else "closed",
            "locked": False,
            "title": pull.title,
            "user": self.render_user(pull.author),
            "body": pull.body,
            "created_at": format_time(pull.at),
            "updated_at": format_time(pull.updated),
            "closed_at": format_time(pull.closed_at),
            "merged_at": format_time(pull.merged_at),
            "merge_commit_sha": pull.merge_commit,
            "assignee": None,
            "assignees": [],
            "requested_reviewers": [],
            "requested_teams": [],
            "labels": [self.label(label) for label in pull.labels],
            "milestone": None,
            "draft": pull.draft,
            "head": self._render_side(pull.branch, pull.head, pull.fork),
            "base": self._render_side(pull.base, pull.base_sha),
            "_links": {name: {"href": href} for name, href in links.items()},
            "author_association": "CONTRIBUTOR",
            "auto_merge": None,
            "active_lock_reason": None,
        }

    def render_full_pull(self, pull: Pull, *, look: bool = False) -> Json:
        """Return a pull request on its own; a look at it starts the test merge."""
        mergeable = self._world.look(pull) if look else None
        size = self._world.git.measure_size(pull.base_sha, pull.head)
        world = self._world
        return {
            **self.pull(pull),
            "merged": pull.merged_at is not None,
            "mergeable": mergeable,
            "rebaseable": mergeable,
            "mergeable_state": "unknown" if mergeable is None else world.get_merge_state(pull),
            "merged_by": None if pull.merged_by is None else self.render_user(pull.merged_by),
            "comments": sum(each.number == pull.number for each in world.comments),
            "review_comments": sum(each.number == pull.number for each in world.line_comments),
            "maintainer_can_modify": False,
            "commits": size.commits,
            "additions": size.additions,
            "deletions": size.deletions,
            "changed_files": size.files,
        }

    def label_of(self, pull: Pull) -> str:
        """Return whose branch it comes from, as lists are filtered."""
        return f"{(pull.fork or self._world.owner).login}:{pull.branch}"

    def render_app(self, number: int, slug: str) -> Json:
        """Return an app."""
        at = format_time(self._world.founded)
        return {
            "id": number,
            "slug": slug,
            "node_id": f"A_{number}",
            "owner": self.render_user(self._world.owner),
            "name": slug.replace("-", " ").title(),
            "description": None,
            "external_url": self.page,
            "html_url": f"{self._web}/apps/{slug}",
            "created_at": at,
            "updated_at": at,
            "permissions": {},
            "events": [],
        }

    def _render_side(self, branch: str, commit: str, fork: Account | None = None) -> Json:
        owner, repository = fork or self._world.owner, self.render_repository()
        if fork is not None:
            name = f"{fork.login}/{self._world.name}"
            repository |= {
                "id": fork.id,
                "full_name": name,
                "owner": self.render_user(fork),
                "fork": True,
            }
        return {
            "label": f"{owner.login}:{branch}",
            "ref": branch,
            "sha": commit,
            "user": self.render_user(owner),
            "repo": repository,
        }
