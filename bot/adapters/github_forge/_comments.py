"""What people wrote on a pull request, in all three places where GitHub keeps it."""

from collections.abc import Iterable, Set

from bot.adapters.github_forge._answers import LineComment, Review, Written
from bot.adapters.github_forge._api import Api
from bot.adapters.github_forge._marks import is_ours
from bot.domain.proposal import Comment

_NOT_SAID = ("PENDING", "DISMISSED")  # not submitted yet; taken back


async def comments_of(api: Api, number: int, reviewers: Set[str]) -> tuple[Comment, ...]:
    """Return the comments of these logins (lower case), oldest first.

    A deleted comment is no longer there; of an edited one the present text is returned, under the
    key it always had. What we wrote is left out even where we go by a reviewer's login.
    """
    doing = f"read the comments of #{number}"
    talk = await api.all(Written, "issues/{number}/comments?", doing=doing, number=number)
    reviews = await api.all(Review, "pulls/{number}/reviews?", doing=doing, number=number)
    lines = await api.all(LineComment, "pulls/{number}/comments?", doing=doing, number=number)
    said = [*_talk(talk), *_reviews(reviews), *_lines(lines)]
    wanted = [each for each in said if each.author.lower() in reviewers and not is_ours(each.text)]
    return tuple(sorted(wanted, key=lambda comment: (comment.at, comment.key)))


def _talk(found: Iterable[Written]) -> Iterable[Comment]:
    for each in found:
        if each.user and each.body and each.body.strip():
            yield Comment(
                key=f"issue_comment:{each.id}",
                author=each.user.login,
                text=each.body,
                at=each.created_at,
            )


def _reviews(found: Iterable[Review]) -> Iterable[Comment]:
    for each in found:
        if each.state in _NOT_SAID or each.submitted_at is None:
            continue
        if each.user and each.body and each.body.strip():
            yield Comment(
                key=f"review:{each.id}",
                author=each.user.login,
                text=each.body,
                at=each.submitted_at,
            )


def _lines(found: Iterable[LineComment]) -> Iterable[Comment]:
    for each in found:
        if each.user and each.body and each.body.strip():
            yield Comment(
                key=f"review_comment:{each.id}",
                author=each.user.login,
                text=each.body,
                file=each.path,
                line=each.line or each.original_line,
                at=each.created_at,
            )
