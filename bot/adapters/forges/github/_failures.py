"""Translates GitHub's failures into errors that say what is wrong and how to fix it."""

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

from bot.adapters.forges.shared.refusal import Refusal
from bot.domain.errors import ForgeError, ForgeRejected, ForgeUnavailable

_LONGEST = 200


def translate_error(error: GitHubException, *, doing: str, where: str, fix_hint: str) -> ForgeError:
    """Return the forge error for a failed request to GitHub.

    `doing` completes "GitHub did not let me ...", `where` is the repository, and `fix_hint` says
    how to fix the credentials.
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
        return ForgeUnavailable(f"GitHub failed with status {status}; I could not {doing}")
    return build_unreadable_error(doing, str(error))


def build_unreadable_error(doing: str, detail: str) -> ForgeUnavailable:
    """Return the error for an unreadable response, perhaps from a proxy in between."""
    return ForgeUnavailable(
        f"I could not {doing}: I did not understand the response, which may not be GitHub's",
        detail=detail[:2_000],
    )


def _build_rejection(
    status: int, message: str, headers: Mapping[str, str], doing: str, *, where: str, fix_hint: str
) -> ForgeRejected:
    prefix = f"GitHub did not let me {doing}"
    if status == 401:
        text = f"{prefix}: it does not accept the credentials (401); {fix_hint}"
    elif status == 403 and "x-github-sso" in headers:
        text = f"{prefix}: authorize the token for the organization's single sign-on"
    elif status == 403:
        text = f"{prefix}: {_describe_permission(headers, message)} on {where}; {fix_hint}"
    elif status == 404:
        text = f"{prefix}: it does not exist in {where}, or the credentials have no access to it"
    else:
        text = f"{prefix}: {message} ({status})"
    error = ForgeRejected(text, detail=message)
    error.__cause__ = Refusal(status, message)
    return error


def _describe_permission(headers: Mapping[str, str], message: str) -> str:
    """Return the missing permission, named as on GitHub's page for tokens."""
    accepted = headers.get("x-accepted-github-permissions", "")
    permissions = []
    for pair in accepted.replace(";", ",").split(","):
        name, _, level = pair.strip().partition("=")
        if name:
            right = {"write": "read and write", "read": "read"}.get(level, level)
            permissions.append(f"“{name.replace('_', ' ').capitalize()}: {right}”")
    if permissions:
        return f"the credentials lack the permission {' or '.join(dict.fromkeys(permissions))}"
    return f"the credentials are not allowed to ({message})"


def _get_message(error: GitHubException) -> str:
    """Return GitHub's own message on one line, shortened to 200 characters."""
    text = " ".join(str(error).split())
    details = getattr(error, "errors", None)
    if isinstance(details, list):
        messages = (detail.get("message") for detail in details if isinstance(detail, dict))
        extra = "; ".join(
            detail for detail in messages if isinstance(detail, str) and detail not in text
        )
        text = f"{text} {extra}".strip()
    if isinstance(error, GraphQLException):
        text = " ".join(str(_get_first_error(error.response).get("message", text)).split())
    return text[:_LONGEST]


def _get_first_error(response: Any) -> dict[str, Any]:
    """Return the first error of a GraphQL response, or an empty dictionary."""
    errors = response.get("errors") if isinstance(response, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else {}
    return first if isinstance(first, dict) else {}
