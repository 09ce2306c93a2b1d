"""Reads people's comments and issues, and answers them."""

from collections.abc import Iterable, Set
from datetime import datetime

from bot.adapters.forges.forgejo._answers import (
    ForgejoComment,
    ForgejoIssue,
    ForgejoLineComment,
    ForgejoReview,
)
from bot.adapters.forges.forgejo._api import ForgejoApi
from bot.adapters.forges.shared.marks import answer_of, is_answer, is_ours, render_comment
from bot.domain.issue import ForgeDiscussion, ForgeIssue
from bot.domain.proposal import Comment

_SUBMITTED = ("APPROVED", "REQUEST_CHANGES", "COMMENT")
_MOST = 200


async def list_comments(api: ForgejoApi, number: int, reviewers: Set[str]) -> tuple[Comment, ...]:
    """Return the comments of these logins (lower case), oldest first.

    Comments by the bot are left out, even if the bot uses a reviewer's login.
    """
    doing = f"read the comments of #{number}"
    general = await api.list_whole(ForgejoComment, f"issues/{number}/comments", doing=doing)
    reviews = await api.list_all(ForgejoReview, f"pulls/{number}/reviews", doing=doing)
    comments = [
        *(part for each in general for part in _convert("issue_comment", each, each.created_at)),
    ]
    for review in reviews:
        if review.state not in _SUBMITTED or review.dismissed:
            continue
        comments += _convert("review", review, review.submitted_at)
        if review.comments_count:
            path = f"pulls/{number}/reviews/{review.id}/comments"
            for line in await api.list_whole(ForgejoLineComment, path, doing=doing):
                comments += _convert(
                    "review_comment",
                    line,
                    line.created_at,
                    file=line.path,
                    line=line.position or line.original_position or None,
                )
    relevant = [
        comment
        for comment in comments
        if comment.author.lower() in reviewers and not is_ours(comment.text)
    ]
    return tuple(sorted(relevant, key=lambda comment: (comment.at, comment.key)))


def _convert(
    kind: str,
    comment: ForgejoComment | ForgejoReview,
    at: datetime,
    *,
    file: str = "",
    line: int | None = None,
) -> Iterable[Comment]:
    """Yield a comment, unless its author's account is gone or it has no text."""
    if comment.user and comment.body and comment.body.strip():
        key, author = f"{kind}:{comment.id}", comment.user.login
        yield Comment(key=key, author=author, text=comment.body, file=file, line=line, at=at)


async def list_issues(api: ForgejoApi, label: str) -> tuple[ForgeIssue, ...]:
    """Return open issues with that label, oldest first, without those of deleted accounts.

    The labels are compared here too: for a name that the repository does not have, Forgejo drops
    the condition and returns every issue.
    """
    issues = await api.list_all(
        ForgejoIssue,
        "issues",
        doing="list issues",
        limit=_MOST,
        state="open",
        type="issues",
        labels=label,
    )
    return tuple(
        ForgeIssue(
            number=issue.number,
            url=issue.html_url,
            title=issue.title,
            body=issue.body or "",
            author=issue.user.login,
            at=issue.created_at,
        )
        for issue in sorted(issues, key=lambda each: each.number)
        if issue.user is not None and label in {each.name for each in issue.labels or ()}
    )


async def list_discussions(api: ForgejoApi, limit: int) -> tuple[ForgeDiscussion, ...]:
    """Return the newest issues and pull requests, which Forgejo lists by type."""
    found = []
    for kind in ("issues", "pulls"):
        issues = await api.list_all(
            ForgejoIssue, "issues", doing="list discussions", limit=limit, state="all", type=kind
        )
        found += [
            ForgeDiscussion(
                number=issue.number,
                url=issue.html_url,
                title=issue.title,
                body=issue.body or "",
                state="open" if issue.state == "open" else "closed",
                is_proposal=kind == "pulls",
            )
            for issue in issues
        ]
    return tuple(sorted(found, key=lambda each: -each.number)[:limit])


async def answer_issue(api: ForgejoApi, number: int, text: str, key: str) -> None:
    """Post a comment, unless the comment with that key already exists."""
    doing, path = f"comment on #{number}", f"issues/{number}/comments"
    comments = await api.list_whole(ForgejoComment, path, doing=doing)
    if not any(is_answer(comment.body or "", key) for comment in comments):
        await api.add(path, {"body": answer_of(text, key)}, doing=doing)


async def add_comment(api: ForgejoApi, number: int, text: str) -> None:
    """Post a comment with the bot's mark."""
    body = {"body": render_comment(text)}
    await api.add(f"issues/{number}/comments", body, doing=f"comment on #{number}")
