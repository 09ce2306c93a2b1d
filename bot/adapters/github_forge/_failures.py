"""GitHub's refusals and failures, told as ours: what is wrong, and who can mend it."""

from collections.abc import Mapping
from typing import Any

from gidgethub import (
    BadGraphQLRequest,
    GitHubBroken,
    GitHubException,
    GraphQLException,
    HTTPException,
    QueryError,
)

from bot.domain.errors import ForgeError, ForgeRejected, ForgeUnavailable

_LONGEST = 200


class GithubRefusal(Exception):
    """GitHub said no, with this status and in these words (its own, in English)."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{message} ({status})")
        self.status = status
        self.message = message


def get_refusal(error: ForgeRejected) -> GithubRefusal:
    """Return what GitHub answered, where that is what an error tells; else a status of 0."""
    cause = error.__cause__
    return cause if isinstance(cause, GithubRefusal) else GithubRefusal(0, str(error))


def translate_error(error: GitHubException, *, doing: str, where: str, fix_hint: str) -> ForgeError:
    """Return GitHub's answer as an error of ours.

    `doing` completes "GitHub did not let me ..."; `where` is the repository, `mend` where people
    change the credentials.
    """
    if isinstance(error, HTTPException) and not isinstance(error, GitHubBroken):
        return _build_rejection(
            int(error.status_code),
            _get_message(error),
            error.headers,
            doing,
            where=where,
            fix_hint=fix_hint,
        )
    if isinstance(error, BadGraphQLRequest):
        return _build_rejection(
            int(error.status_code), _get_message(error), {}, doing, where=where, fix_hint=fix_hint
        )
    if isinstance(error, QueryError):
        kind = _get_first_error(error.response).get("type")
        status = {"FORBIDDEN": 403, "NOT_FOUND": 404}.get(str(kind), 422)
        return _build_rejection(
            status, _get_message(error), {}, doing, where=where, fix_hint=fix_hint
        )
    if isinstance(error, HTTPException):
        status = int(error.status_code)
        return ForgeUnavailable(f"GitHub has trouble ({status}); it did not {doing}")
    return build_unreadable_error(doing, str(error))


def build_unreadable_error(doing: str, detail: str) -> ForgeUnavailable:
    """Return the error for an answer that is not GitHub's, of a proxy in between perhaps."""
    return ForgeUnavailable(
        f"what answered in GitHub's place was not understood, so I could not {doing}",
        detail=detail[:2_000],
    )


def _build_rejection(
    status: int, message: str, headers: Mapping[str, str], doing: str, *, where: str, fix_hint: str
) -> ForgeRejected:
    said = f"GitHub did not let me {doing}"
    if status == 401:
        text = f"{said}: it does not accept the credentials (401); {fix_hint}"
    elif status == 403 and "x-github-sso" in headers:
        text = f"{said}: authorize the token for the organization's single sign-on"
    elif status == 403:
        text = f"{said}: {_describe_permission(headers, message)} on {where}; {fix_hint}"
    elif status == 404:
        text = f"{said}: there is no such thing in {where}, or the credentials may not see it"
    else:
        text = f"{said}: {message} ({status})"
    error = ForgeRejected(text, detail=message)
    error.__cause__ = GithubRefusal(status, message)
    return error


def _describe_permission(headers: Mapping[str, str], message: str) -> str:
    """Return what is lacking, in the words of the page where tokens are made."""
    accepted = headers.get("x-accepted-github-permissions", "")
    wanted = []
    for pair in accepted.replace(";", ",").split(","):
        name, _, level = pair.strip().partition("=")
        if name:
            right = {"write": "read and write", "read": "read"}.get(level, level)
            wanted.append(f"“{name.replace('_', ' ').capitalize()}: {right}”")
    if wanted:
        return f"the credentials lack the permission {' or '.join(dict.fromkeys(wanted))}"
    return f"the credentials may not ({message})"


def _get_message(error: GitHubException) -> str:
    """Return GitHub's own message, on one line and not too long."""
    words = " ".join(str(error).split())
    details = getattr(error, "errors", None)
    if isinstance(details, list):
        known = (each.get("message") for each in details if isinstance(each, dict))
        told_also = "; ".join(each for each in known if isinstance(each, str) and each not in words)
        words = f"{words} {told_also}".strip()
    if isinstance(error, GraphQLException):
        words = " ".join(str(_get_first_error(error.response).get("message", words)).split())
    return words[:_LONGEST]


def _get_first_error(response: Any) -> dict[str, Any]:
    """Return the first error of a GraphQL answer, empty where it holds none."""
    errors = response.get("errors") if isinstance(response, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else {}
    return first if isinstance(first, dict) else {}
