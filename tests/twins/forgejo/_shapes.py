"""The objects of Forgejo's API, as its `services/convert` makes them."""

from datetime import datetime

from tests.twins.git_host.api import Json
from tests.twins.git_host.records import (
    Account,
    Comment,
    Grant,
    Issue,
    Label,
    LineComment,
    Pull,
    Review,
    Status,
)
from tests.twins.git_host.world import World

_REPOSITORY = 1
_STATES = {"CHANGES_REQUESTED": "REQUEST_CHANGES", "COMMENTED": "COMMENT", "APPROVED": "APPROVED"}


def is_work_in_progress(pull: Pull) -> bool:
    """Return whether Forgejo takes it for a draft: only the title says so."""
    return pull.title.upper().startswith(("WIP:", "[WIP]"))


class Shapes:
    """Renders records. `page` is the repository's page."""

    def __init__(self, world: World, root: str) -> None:
        self._world = world
        self._root = root
        self.page = f"{root}/{world.owner.login}/{world.name}"
        self.merge_styles = {"merge", "squash", "rebase"}

    def render_user(self, account: Account) -> Json:
        """Render an account."""
        return {
            "id": account.id,
            "login": account.login,
            "login_name": "",
            "full_name": "",
            "email": f"{account.login}@noreply.example.org",
            "avatar_url": f"{self._root}/avatars/{account.id}",
            "html_url": f"{self._root}/{account.login}",
            "is_admin": False,
            "created": format_time(self._world.founded),
            "active": True,
            "visibility": "public",
        }

    def render_repository(self, grant: Grant | None) -> Json:
        """Render the repository, for one who asks."""
        held = grant.permissions.get("contents") if grant else None
        methods = self._world.settings.methods
        return {
            "id": _REPOSITORY,
            "owner": self.render_user(self._world.owner),
            "name": self._world.name,
            "full_name": f"{self._world.owner.login}/{self._world.name}",
            "empty": False,
            "private": self._world.settings.private,
            "archived": False,
            "html_url": self.page,
            "clone_url": f"{self.page}.git",
            "default_branch": self._world.main,
            "permissions": {"admin": False, "push": held == "write", "pull": held is not None},
            "has_issues": True,
            "has_pull_requests": True,
            "allow_merge_commits": "merge" in methods,
            "allow_squash_merge": "squash" in methods,
            "allow_rebase": "rebase" in methods,
            "object_format_name": "sha1",
            "updated_at": format_time(self._world.founded),
        }

    def render_branch(self, name: str, grant: Grant | None) -> Json:
        """Render a branch and its protection."""
        rules, commit = self._world.rules.get(name), self._world.git.list_heads()[name]
        may_write = bool(grant) and grant.permissions.get("contents") == "write"  # type: ignore[union-attr]
        return {
            "name": name,
            "commit": {
                "id": commit,
                "message": self._world.git.get_message(commit),
                "url": f"{self.page}/commit/{commit}",
                "author": None,
                "committer": None,
                "verification": None,
                "timestamp": self._world.git.get_message(commit, "%cI"),
                "added": None,
                "removed": None,
                "modified": None,
            },
            "protected": rules is not None,
            "required_approvals": rules.reviews if rules else 0,
            "enable_status_check": bool(rules and rules.checks),
            "status_check_contexts": [*rules.checks] if rules else [],
            "user_can_push": may_write and rules is None,
            "user_can_merge": may_write,
            "effective_branch_protection_name": "",
        }

    def render_pull(self, pull: Pull, grant: Grant | None) -> Json:
        """Render a pull request."""
        heads = self._world.git.list_heads()
        whole, mine = self.render_repository(grant), pull.branch in heads and pull.fork is None
        url = f"{self.page}/pulls/{pull.number}"
        mergeable = bool(pull.mergeable) and not is_work_in_progress(pull)
        return {
            "id": pull.id,
            "url": url,
            "number": pull.number,
            "user": self.render_user(pull.author),
            "title": pull.title,
            "body": pull.body or "",
            "labels": [self.render_label(each) for each in pull.labels],
            "milestone": None,
            "assignee": None,
            "assignees": None,
            "requested_reviewers": [],
            "requested_reviewers_teams": [],
            "state": "open" if pull.open else "closed",
            "draft": is_work_in_progress(pull),
            "is_locked": False,
            "comments": sum(each.number == pull.number for each in self._world.comments),
            "html_url": url,
            "diff_url": f"{url}.diff",
            "patch_url": f"{url}.patch",
            "mergeable": mergeable,
            "merged": pull.merged_at is not None,
            "merged_at": format_time(pull.merged_at),
            "merge_commit_sha": pull.merge_commit if pull.merged_at else None,
            "merged_by": self.render_user(pull.merged_by) if pull.merged_by else None,
            "base": {
                "label": pull.base,
                "ref": pull.base,
                "sha": heads.get(pull.base, ""),
                "repo_id": _REPOSITORY,
                "repo": whole,
            },
            "head": {
                "label": pull.branch,
                "ref": pull.branch if mine else f"refs/pull/{pull.number}/head",
                "sha": pull.head,
                "repo_id": _REPOSITORY if pull.fork is None else pull.fork.id,
                "repo": whole if pull.fork is None else None,
            },
            "merge_base": pull.base_sha,
            "due_date": None,
            "created_at": format_time(pull.at),
            "updated_at": format_time(pull.updated),
            "closed_at": format_time(pull.closed_at),
            "pin_order": 0,
        }

    def render_issue(self, issue: Issue | Pull) -> Json:
        """Render an issue, or what a list of issues shows of a pull request."""
        url = f"{self.page}/issues/{issue.number}"
        return {
            "id": issue.id,
            "url": url,
            "html_url": url,
            "number": issue.number,
            "user": self.render_user(issue.author),
            "title": issue.title,
            "body": issue.body or "",
            "labels": [self.render_label(each) for each in issue.labels],
            "milestone": None,
            "assignee": None,
            "assignees": None,
            "state": "open" if issue.open else "closed",
            "is_locked": False,
            "comments": sum(each.number == issue.number for each in self._world.comments),
            "created_at": format_time(issue.at),
            "updated_at": format_time(issue.updated),
            "closed_at": format_time(issue.closed_at),
            "due_date": None,
            "pull_request": None,
            "repository": None,
            "pin_order": 0,
        }

    def render_label(self, label: Label) -> Json:
        """Render a label."""
        return {
            "id": label.id,
            "name": label.name,
            "exclusive": False,
            "is_archived": False,
            "color": label.color.removeprefix("#"),
            "description": label.description or "",
            "url": f"{self.page}/labels/{label.id}",
        }

    def render_comment(self, comment: Comment) -> Json:
        """Render a comment."""
        url = f"{self.page}/pulls/{comment.number}"
        at = format_time(comment.at)
        return {
            "id": comment.id,
            "html_url": f"{url}#issuecomment-{comment.id}",
            "pull_request_url": url,
            "issue_url": "",
            "user": self.render_user(comment.author),
            "original_author": "",
            "original_author_id": 0,
            "body": comment.text,
            "assets": [],
            "created_at": at,
            "updated_at": at,
        }

    def render_review(self, review: Review) -> Json:
        """Render a review. One that was dismissed keeps its state."""
        at, url = format_time(review.at), f"{self.page}/pulls/{review.number}"
        lines = sum(each.review == review.id for each in self._world.line_comments)
        return {
            "id": review.id,
            "user": self.render_user(review.author),
            "team": None,
            "state": _STATES.get(review.state, "APPROVED"),
            "body": review.text,
            "commit_id": review.head,
            "stale": False,
            "official": True,
            "dismissed": review.state == "DISMISSED",
            "comments_count": lines,
            "submitted_at": at,
            "updated_at": at,
            "html_url": f"{url}#issuecomment-{review.id}",
            "pull_request_url": url,
        }

    def render_line_comment(self, comment: LineComment) -> Json:
        """Render a comment on a line."""
        at, url = format_time(comment.at), f"{self.page}/pulls/{comment.number}"
        return {
            "id": comment.id,
            "body": comment.text,
            "user": self.render_user(comment.author),
            "resolver": None,
            "pull_request_review_id": comment.review,
            "created_at": at,
            "updated_at": at,
            "path": comment.path,
            "commit_id": comment.head,
            "original_commit_id": "",
            "diff_hunk": "",
            "position": comment.line or 0,
            "original_position": 0,
            "html_url": f"{url}#issuecomment-{comment.id}",
            "pull_request_url": url,
        }

    def render_status(self, status: Status) -> Json:
        """Render a commit status."""
        at = format_time(status.at)
        return {
            "id": status.id,
            "status": status.state,
            "target_url": "",
            "description": status.description or "",
            "url": f"{self._root}/api/v1/repos/statuses/{status.id}",
            "context": status.name,
            "creator": self.render_user(status.author),
            "created_at": at,
            "updated_at": at,
        }


def format_time(at: datetime | None) -> str | None:
    """Return a time as Forgejo writes it."""
    return None if at is None else at.isoformat().replace("+00:00", "Z")
