"""Publishes a branch over git's HTTP without showing the token to other processes."""

import re
from pathlib import Path

from bot.domain.errors import ForgeConflict, ForgeError, ForgeRejected, ForgeUnavailable
from bot.domain.proposal import ProposalDraft
from bot.infra.git import Git
from bot.infra.git_remote import Way, borrow_objects

PUSH_SECONDS = 120.0

_PUBLISHED = "refs/theseus/published/"
_REFUSED = re.compile(r"^!\t[^\t]*\t\[(?P<what>[^]]*)\]\s*(?:\((?P<why>.*)\))?", re.MULTILINE)
_REMOTE_LINE = re.compile(r"^remote: *(?:error: *)?(\S.*?) *$", re.MULTILINE)
_STATUS = re.compile(r"The requested URL returned error: (\d{3})")


class Push:
    """Moves a draft's branch on the forge to the draft's head. Blocking.

    Args:
        title: The forge's name for people.
        permission: The right that pushing needs, as the forge calls it.
        fix_hint: How people can fix the credentials.
    """

    def __init__(self, access: Way, title: str, permission: str, fix_hint: str) -> None:
        self._access = access
        self._title = title
        self._permission = permission
        self._fix_hint = fix_hint

    def __call__(self, draft: ProposalDraft, present: str | None) -> None:
        """Push the branch.

        `present` is its commit on the forge, `None` if it does not exist there.

        The bot's own published commits may be replaced, other people's may not. Raises
        `ForgeConflict`, `ForgeRejected`, `ForgeUnavailable`.
        """
        clone = Path(draft.repository)
        if not clone.is_dir():
            raise ForgeRejected(f"the clone {clone} does not exist")
        git = Git(clone.resolve(), error=ForgeUnavailable)
        self._check_pushable(git, draft, present)
        branch = f"refs/heads/{draft.branch}"
        with borrow_objects(git) as scratch:
            answer = scratch.run(
                "push", "--porcelain", "--no-verify",
                f"--force-with-lease={branch}:{present or ''}", "--", self._access.url,
                f"{draft.head}:{branch}",
                config=self._access.config, seconds=PUSH_SECONDS, ok=None, remote=True,
            )  # fmt: skip
        if answer.status != 0:
            raise self._build_failure(draft, answer.out.decode(errors="replace"), answer.err)

    @staticmethod
    def note(draft: ProposalDraft) -> None:
        """Record in the clone which commit the bot has published."""
        git = Git(Path(draft.repository).resolve(), error=ForgeUnavailable)
        git.run("update-ref", _PUBLISHED + draft.branch, draft.head)

    def _check_pushable(self, git: Git, draft: ProposalDraft, present: str | None) -> None:
        valid = git.run("check-ref-format", f"refs/heads/{draft.branch}", ok=None).status == 0
        if not valid or draft.branch.startswith("-") or draft.branch == draft.base_branch:
            raise ForgeRejected(f"{draft.branch[:80]!r} is not a branch that I can propose")
        local = git.find_revision(f"refs/heads/{draft.branch}")
        if git.find_revision(draft.head) is None or local is None:
            raise ForgeConflict(
                f"branch {draft.branch} of the clone does not contain {draft.head[:12]}"
            )
        published = git.find_revision(_PUBLISHED + draft.branch)
        if present not in (None, draft.head, published) and not git.is_ancestor(
            present or "", draft.head
        ):
            raise ForgeConflict(
                f"branch {draft.branch} on {self._title} has commits of other people; I do not "
                "overwrite them"
            )

    def _build_failure(self, draft: ProposalDraft, out: str, err: str) -> ForgeError:
        """Return the forge error for git's output."""
        remote_text = " ".join(_REMOTE_LINE.findall(err))[:300]
        refused = _REFUSED.search(out)
        moved = "cannot lock ref" in err or (refused is not None and refused["what"] == "rejected")
        if moved:
            return ForgeConflict(
                f"branch {draft.branch} moved on {self._title} while I was pushing it", detail=err
            )
        if refused is not None and refused["what"] == "remote rejected":
            reason = f"{refused['why'] or ''}. {remote_text}".strip(". ")
            return ForgeRejected(
                f"{self._title} refused the branch {draft.branch}: {reason}", detail=err
            )
        status = _STATUS.search(err)
        code = int(status[1]) if status else 0
        if code == 401 or "Authentication failed" in err or "could not read Username" in err:
            return ForgeRejected(
                f"{self._title}'s git does not accept the credentials; {self._fix_hint}", detail=err
            )
        if code in (403, 404) or "not found" in err:
            return ForgeRejected(
                f"{self._title} did not let me push to {self._access.url}: the credentials lack "
                f"the permission “{self._permission}” there; {self._fix_hint}",
                detail=err,
            )
        return ForgeUnavailable(f"I could not push {draft.branch} to {self._title}", detail=err)
