"""Reads people's comments on a pull request, from all three places where GitHub keeps them."""

from collections.abc import Iterable, Set
from datetime import datetime

from bot.adapters.forges.github._answers import GithubComment, GithubReview, LineComment
from bot.adapters.forges.github._api import Api
from bot.adapters.forges.shared.marks import is_ours
from bot.domain.proposal import Comment

_UNPUBLISHED = ("PENDING", "DISMISSED")  # not submitted yet; dismissed by a maintainer


async def list_comments(api: Api, number: int, reviewers: Set[str]) -> tuple[Comment, ...]:
    """Return the comments of these logins (lower case), oldest first.

    Deleted comments are missing; an edited comment has its present text and its old key. Comments
    by the bot are left out, even if the bot uses a reviewer's login.
    """
    doing = f"read the comments of #{number}"
    general = await api.list_all(
        GithubComment, "issues/{number}/comments?", doing=doing, number=number
    )
    reviews = await api.list_all(
        GithubReview, "pulls/{number}/reviews?", doing=doing, number=number
    )
    lines = await api.list_all(LineComment, "pulls/{number}/comments?", doing=doing, number=number)
    comments = [*_talk(general), *_iterate_reviews(reviews), *_iterate_line_comments(lines)]
    relevant = [
        comment
        for comment in comments
        if comment.author.lower() in reviewers and not is_ours(comment.text)
    ]
    return tuple(sorted(relevant, key=lambda comment: (comment.at, comment.key)))


def _talk(found: Iterable[GithubComment]) -> Iterable[Comment]:
    for comment in found:
        yield from _iterate_comment("issue_comment", comment, comment.created_at)


def _iterate_reviews(found: Iterable[GithubReview]) -> Iterable[Comment]:
    for review in found:
        if review.state not in _UNPUBLISHED and review.submitted_at is not None:
            yield from _iterate_comment("review", review, review.submitted_at)


def _iterate_line_comments(found: Iterable[LineComment]) -> Iterable[Comment]:
    for comment in found:
        line = comment.line or comment.original_line
        yield from _iterate_comment(
            "review_comment", comment, comment.created_at, file=comment.path, line=line
        )


def _iterate_comment(
    kind: str,
    comment: GithubComment | GithubReview | LineComment,
    at: datetime,
    *,
    file: str = "",
    line: int | None = None,
) -> Iterable[Comment]:
    """Yield a comment, unless its author's account is gone or it has no text."""
    if comment.user and comment.body and comment.body.strip():
        key, author = f"{kind}:{comment.id}", comment.user.login
        yield Comment(key=key, author=author, text=comment.body, file=file, line=line, at=at)
