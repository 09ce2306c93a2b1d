"""Checks the GitHub repository, the token's permissions and the branch protection."""

from typing import Any
from urllib.parse import quote

from bot.adapters.forges.github._address import parse_repository
from bot.adapters.forges.github._rights import (
    build_token_page_url,
    can_read_checks,
    find_missing_rights,
    get_token,
    open_github,
)
from bot.adapters.forges.github.settings import get_api_address
from bot.domain.errors import ConfigError, ForgeUnavailable
from bot.domain.finding import DoctorFinding, report_bad, report_good, report_note
from bot.infra.git_remotes import find_remote
from bot.infra.service_client import Service, ServiceAnswer
from bot.ports.clock import Clock
from bot.settings import Settings

_ALLOWS = {
    "merge": "allow_merge_commit",
    "squash": "allow_squash_merge",
    "rebase": "allow_rebase_merge",
}


async def examine(settings: Settings, clock: Clock) -> list[DoctorFinding]:
    """Check what GitHub allows the bot to do."""
    forge = settings.config.forge
    remote = await find_remote(settings.root, forge.remote)
    if forge.github.repository is None and remote is None:
        remedy = (
            f"Set forge.github.repository (owner/name) in {settings.config_file}, or point the "
            f"git remote {forge.remote} at GitHub."
        )
        return [report_bad("github", "no repository is set", remedy)]
    try:
        api = get_api_address(settings.environment)
        repository = forge.github.repository or parse_repository(remote.url if remote else "", api)
        token = await get_token(settings, api, clock)
        async with open_github(api, token) as github:
            return await _check_with_token(github, token, settings, repository)
    except ConfigError as error:
        return [report_bad("github", str(error), "`theseus setup` asks for what is missing.")]
    except ForgeUnavailable as error:
        remedy = "Check the network, and THESEUS_GITHUB_API_URL if you set it."
        return [report_bad("github", str(error), remedy)]


async def _check_with_token(
    api: Service, token: str, settings: Settings, repository: str
) -> list[DoctorFinding]:
    answer = await api.ask(f"/repos/{repository}")
    if answer.status != 200 or "full_name" not in answer.fields:
        return [_explain_invisible(answer, settings, api.base, repository)]
    findings = [_check_repository(answer, settings)]
    findings.append(await _check_rights(api, token, settings, answer.fields, repository))
    findings += await _check_branch(api, settings, answer.fields, repository)
    return findings


def _explain_invisible(
    answer: ServiceAnswer, settings: Settings, api: str, repository: str
) -> DoctorFinding:
    """Return the finding why this token cannot see the repository."""
    page = build_token_page_url(api, repository)
    message = f"GitHub answers {answer.status} {answer.error_message}".strip()
    if answer.status == 401:
        remedy = f"The token is wrong, expired or revoked: create a new one at {page}"
    elif answer.headers.get("X-GitHub-SSO"):
        remedy = "Authorise the token for the organisation: Configure SSO, on the page of tokens."
    elif answer.headers.get("X-RateLimit-Remaining") == "0":
        remedy = "The rate limit is used up; try again within the hour."
    elif answer.status in (301, 307, 308):
        remedy = "The repository was moved: update forge.github.repository and the git remote."
    elif answer.status in (403, 404):
        remedy = (
            f"Give the token (or App) access to {repository}: it must be among its selected "
            "repositories, and an organisation may have to approve it first."
        )
    else:
        remedy = "Check THESEUS_GITHUB_API_URL; for GitHub Enterprise it ends in /api/v3."
    return report_bad("github", f"{repository}: {message}", remedy)


def _check_repository(answer: ServiceAnswer, settings: Settings) -> DoctorFinding:
    name, fields = str(answer.fields["full_name"]), answer.fields
    method = settings.config.forge.github.merge_method
    if fields.get("archived"):
        return report_bad("github", f"{name} is archived: it cannot be changed", "Unarchive it.")
    if fields.get(_ALLOWS[method]) is False:
        remedy = f"Allow it in the repository's settings, or set it in {settings.config_file}."
        return report_bad(
            "github", f"{name} does not allow forge.github.merge_method: {method}", remedy
        )
    expires = answer.headers.get("GitHub-Authentication-Token-Expiration")
    until = f"; the token is valid until {expires}" if expires else ""
    kind = "private" if fields.get("private") else "public"
    return report_good("github", f"{name}, {kind}{until}")


async def _check_rights(
    api: Service, token: str, settings: Settings, fields: dict[str, Any], repository: str
) -> DoctorFinding:
    branch = str(fields.get("default_branch") or settings.config.forge.branch)
    as_app = settings.config.forge.github.app is not None
    page = "Permissions of the App" if as_app else build_token_page_url(api.base, repository)
    missing = await find_missing_rights(api, token, repository, branch)
    if missing:
        return report_bad("github rights", f"missing: {', '.join(missing)}", f"Give them at {page}")
    held = fields.get("permissions")
    if isinstance(held, dict) and not held.get("push"):
        who = "the App" if as_app else "the token's account"
        remedy = "Give it write access in the repository's settings, under Collaborators."
        return report_bad("github rights", f"{who} may not push to {repository}", remedy)
    if not await can_read_checks(api, repository, branch):
        message = "can push and open pull requests, but cannot read the checks of GitHub"
        remedy = f"Give it {'Checks' if as_app else 'Actions'}: read, at {page}"
        return report_note("github rights", message, remedy)
    return report_good("github rights", "can push, open pull requests, and read checks")


async def _check_branch(
    api: Service, settings: Settings, fields: dict[str, Any], repository: str
) -> list[DoctorFinding]:
    branch = quote(settings.config.forge.branch, safe="")
    name, file = settings.config.forge.branch, settings.config_file
    answer = await api.ask(f"/repos/{repository}/branches/{branch}")
    if answer.status == 404:
        remedy = (
            f"Set forge.branch in {file}; the default branch is {fields.get('default_branch')}."
        )
        return [report_bad("github branch", f"{repository} has no branch {name}", remedy)]
    rules = await api.ask(f"/repos/{repository}/rules/branches/{branch}")
    required, reviews = _read_protection(answer.fields, rules.items)
    if not answer.fields.get("protected") and not rules.items:
        remedy = "Protect it and require your checks (docs/going-live.md), as a second safeguard."
        return [report_note("github branch", f"{name} is not protected", remedy)]
    checks = f"required checks: {', '.join(required)}" if required else "no required checks"
    findings = [report_good("github branch", f"{name} is protected; {checks}")]
    if reviews:
        message = f"a merge needs {reviews} approving review(s) on GitHub in addition to “ship it”"
        findings.append(
            report_note("github reviews", message, "Approve the pull request there as well.")
        )
    return findings


def _read_protection(branch: dict[str, Any], rules: list[dict[str, Any]]) -> tuple[list[str], int]:
    """Return the names of the required checks and the number of required reviews.

    GitHub has two kinds of protection: classic branch protection and rulesets. Both are read.
    """
    classic = (branch.get("protection") or {}).get("required_status_checks") or {}
    named = [str(each) for each in classic.get("contexts") or ()]
    reviews = 0
    for rule in rules:
        parameters = rule.get("parameters") or {}
        if rule.get("type") == "required_status_checks":
            listed = parameters.get("required_status_checks") or ()
            named += [str(each.get("context")) for each in listed]
        if rule.get("type") == "pull_request":
            reviews = max(reviews, int(parameters.get("required_approving_review_count") or 0))
    return sorted(set(named)), reviews
