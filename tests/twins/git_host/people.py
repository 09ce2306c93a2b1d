"""What people do at the twin, in one call each."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from tests.twins.git_host.records import (
    ACTIONS,
    TOKEN_PERMISSIONS,
    Check,
    Comment,
    Grant,
    Issue,
    LineComment,
    Pull,
    Review,
    Rules,
    Status,
    Verdict,
)
from tests.twins.git_host.world import World

Level = Literal["read", "write"]


class People:
    """Everybody but the one who is tested: owners, reviewers, checks, strangers."""

    def __init__(self, world: World, token: str) -> None:
        self.world = world
        self.token = token

    # ---------------------------------------------------------------------------------- who may

    def grant_token(self, token: str, login: str, **permissions: Level | None) -> None:
        """Create a token for an account. `None` removes a permission from the usual ones.

        A person's token cannot read check runs; it sees those of GitHub Actions as jobs.
        """
        held = {**TOKEN_PERMISSIONS, **permissions}
        self.world.grants[token] = Grant(
            self.world.get_account(login),
            {name: level for name, level in held.items() if level is not None},
        )

    def revoke(self, token: str | None = None) -> None:
        """Invalidate a token."""
        self.world.grants.pop(token or self.token, None)

    def protect(
        self,
        branch: str = "main",
        *,
        checks: Sequence[str] = (),
        reviews: int = 0,
        strict: bool = False,
        linear: bool = False,
        ruleset: bool = False,
        queue: bool = False,
    ) -> None:
        """Ask checks and reviews of what is merged, by branch protection or by a ruleset.

        With a `queue`, only that merges.
        """
        self.world.rules[branch] = Rules(tuple(checks), reviews, strict, linear, ruleset, queue)

    def choose(
        self,
        *,
        private: bool | None = None,
        drafts: bool | None = None,
        methods: Collection[str] | None = None,
        deletes_branches: bool | None = None,
    ) -> None:
        """Change the repository's settings: who sees it, drafts, ways to merge, tidying up."""
        chosen = {
            "private": private,
            "drafts": drafts,
            "methods": None if methods is None else frozenset(methods),
            "deletes_branches": deletes_branches,
        }
        self.world.change(**{name: value for name, value in chosen.items() if value is not None})

    # -------------------------------------------------------------------------------- actions

    def add_issue(self, login: str, title: str, body: str | None = None, *labels: str) -> int:
        """Open an issue as a person; return its number."""
        world = self.world
        number, author = world.take_number(), world.get_account(login)
        marks = [world.label(name) for name in labels]
        opened = Issue(world.allocate_id(), number, title, body, author, world.now(), marks)
        world.issues[number] = opened
        return number

    def list_comments(self, number: int) -> list[str]:
        """Return what was said below an issue or pull request, oldest first."""
        return [each.text for each in self.world.comments if each.number == number]

    def push(
        self, branch: str, files: Mapping[str, str | None], message: str = "By hand",
        login: str = "alice",
    ) -> str:  # fmt: skip
        """Push a commit to a branch as a person, from main if the branch is new; return the
        commit.
        """
        git = self.world.git
        if branch not in git.list_heads():
            git.move(f"refs/heads/{branch}", git.list_heads()[self.world.main])
        commit = git.commit(branch, files, message, login)
        self.world.settle()
        return commit

    def get_head(self, branch: str = "main") -> str | None:
        """Return the head commit of a branch."""
        return self.world.git.list_heads().get(branch)

    def delete_branch(self, branch: str) -> None:
        """Delete a branch, which closes its pull requests."""
        self.world.git.delete(f"refs/heads/{branch}")
        self.world.settle()

    def pull(self, number: int) -> Pull:
        """Return what the twin knows of a pull request."""
        self.world.settle()
        return self.world.pulls[number]

    def merge_by_hand(self, number: int, login: str = "alice") -> str:
        """Press the merge button as a person; return the merge commit."""
        git, pull = self.world.git, self.pull(number)
        base = git.list_heads()[pull.base]
        message = f"{self.world.merge_title(pull)}\n\n{pull.title}\n"
        commit = git.merge(base, pull.head, message)
        git.move(f"refs/heads/{pull.base}", commit, base)
        self.world.record_merge(pull, commit, self.world.get_account(login))
        return commit

    def close_by_hand(self, number: int) -> None:
        """Close a pull request as a person."""
        self.world.close(self.pull(number))

    def pull_from_fork(
        self, login: str, branch: str, files: Mapping[str, str | None], title: str, body: str = ""
    ) -> int:
        """Open a pull request from a fork as a person without rights; return its number."""
        git, world = self.world.git, self.world
        commit = self.push("twin-fork", files, title, login)
        git.delete("refs/heads/twin-fork")
        author = world.get_account(login)
        return world.open(branch, world.main, author, title, body, (author, commit)).number

    def open_issue(self) -> int:
        """Open an issue as a person; return its number, which it shares with pull requests."""
        return self.world.take_number()

    def add_comment(
        self, number: int, login: str, text: str, *, association: str = "NONE"
    ) -> Comment:
        """Comment on a pull request as a person."""
        world = self.world
        written = Comment(
            world.allocate_id(),
            number,
            world.get_account(login),
            association,
            text,
            world.now(),
        )
        world.comments.append(written)
        return written

    def review(
        self,
        number: int,
        login: str,
        state: Verdict = "COMMENTED",
        text: str = "",
        *,
        lines: Sequence[tuple[str, int | None, str]] = (),
        association: str = "NONE",
    ) -> Review:
        """Review a pull request as a person; `lines` are file, line (`None`: the file) and text."""
        world, head, author = self.world, self.pull(number).head, self.world.get_account(login)
        written = Review(
            world.allocate_id(), number, author, association, state, text, head, world.now()
        )
        world.reviews.append(written)
        for path, line, said in lines:
            world.line_comments.append(
                LineComment(
                    world.allocate_id(), number, written.id, author, association, path, line, said,
                    head, world.now(),
                )
            )  # fmt: skip
        return written

    # ----------------------------------------------------------------------------------- checks

    def check(
        self, head: str, name: str, conclusion: str | None = None, *, app: int = ACTIONS
    ) -> None:
        """Complete a check run of a commit, or start it if there is no conclusion yet."""
        world = self.world
        for check in world.checks:
            if (check.head, check.name) == (head, name):
                check.conclusion = conclusion
                return
        world.checks.append(Check(world.allocate_id(), head, name, conclusion, world.now(), app))

    def set_status(self, head: str, name: str, state: str, description: str | None = None) -> None:
        """Set a commit status as a person: success, pending, failure or error."""
        world = self.world
        world.statuses.append(
            Status(
                world.allocate_id(),
                head,
                name,
                state,
                description,
                world.now(),
                world.get_account("ci"),
            )
        )
