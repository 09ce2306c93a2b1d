"""Checks the Forgejo repository, the token's permissions and the branch protection."""

from typing import Any

from bot.adapters.forges.forgejo._api import ForgejoApi, create_client, quote_branch
from bot.adapters.forges.forgejo.forge import PERMISSION
from bot.adapters.forges.forgejo.settings import find_place, get_token
from bot.domain.errors import ConfigError, ForgeUnavailable
from bot.domain.finding import DoctorFinding, report_bad, report_good, report_note
from bot.infra.service_client import Service, ServiceAnswer, open_service
from bot.ports.clock import Clock
from bot.settings import Settings

SCOPES = ("repository: read and write", "issue: read and write", "user: read")
"""The permissions of a token, as the page for a new one calls them."""

_ALLOWS = {
    "merge": "allow_merge_commits",
    "squash": "allow_squash_merge",
    "rebase": "allow_rebase",
}


def build_token_page_url(address: str) -> str:
    """Return the page for a new token."""
    return f"{address}/user/settings/applications"


async def examine(settings: Settings, clock: Clock) -> list[DoctorFinding]:
    """Check what Forgejo allows the bot to do; changes nothing."""
    try:
        place, token = await find_place(settings), get_token(settings)
        headers = {"Authorization": f"token {token.get_secret_value()}"}
        api = f"{place.address}/api/v1"
        async with (
            open_service(api, headers, ForgeUnavailable) as service,
            create_client(place.address) as web,
        ):
            answer = await service.ask(f"/repos/{place.repository}")
            if answer.status != 200 or "full_name" not in answer.fields:
                return [_explain_invisible(answer, place.address, place.repository)]
            status = await ForgejoApi(web, *place, token, clock).probe_push()
            return [
                _check_repository(answer.fields, settings),
                await _check_rights(service, answer.fields, status, place.address),
                *await _check_branch(service, answer.fields, settings),
            ]
    except ConfigError as error:
        return [report_bad("forgejo", str(error), "`theseus setup` asks for what is missing.")]
    except ForgeUnavailable as error:
        remedy = "Check the network, and forge.forgejo.address if you set it."
        return [report_bad("forgejo", str(error), remedy)]


def _explain_invisible(answer: ServiceAnswer, address: str, repository: str) -> DoctorFinding:
    """Return the finding why this token cannot see the repository."""
    message = f"{repository}: Forgejo answers {answer.status} {answer.error_message}".strip()
    page = build_token_page_url(address)
    if answer.status == 401:
        remedy = f"The token is wrong or was deleted: create a new one at {page}"
    elif answer.status in (301, 302, 307, 308):
        remedy = "The repository was moved: update forge.forgejo.repository and the git remote."
    elif answer.status in (403, 404):
        remedy = f"Give the token's account access to it, and the token {', '.join(SCOPES)}."
    else:
        remedy = "Check forge.forgejo.address: the address of the server's start page."
    return report_bad("forgejo", message, remedy)


def _check_repository(fields: dict[str, Any], settings: Settings) -> DoctorFinding:
    name, method = str(fields["full_name"]), settings.config.forge.forgejo.merge_method
    if fields.get("archived"):
        return report_bad("forgejo", f"{name} is archived: it cannot be changed", "Unarchive it.")
    if fields.get("has_pull_requests") is False:
        remedy = "Switch them on in the repository's settings, under Units."
        return report_bad("forgejo", f"{name} has no pull requests", remedy)
    if fields.get(_ALLOWS[method]) is False:
        remedy = f"Allow it in the repository's settings, or set it in {settings.config_file}."
        return report_bad(
            "forgejo", f"{name} does not allow forge.forgejo.merge_method: {method}", remedy
        )
    return report_good("forgejo", f"{name}, {'private' if fields.get('private') else 'public'}")


async def _check_rights(
    service: Service, fields: dict[str, Any], status: int, address: str
) -> DoctorFinding:
    """Check the account's rights and the token's scopes; no API lists the scopes."""
    permissions = fields.get("permissions") or {}
    if not permissions.get("push"):
        remedy = "Give it write access in the repository's settings, under Collaborators."
        message = f"the token's account may not push to {fields['full_name']}"
        return report_bad("forgejo rights", message, remedy)
    missing = [PERMISSION] if status in (401, 403, 404) else []
    if (await service.ask("/user")).status != 200:
        missing.append("user: read")
    issues = f"/repos/{fields['full_name']}/issues?type=issues&limit=1"
    if (await service.ask(issues)).status != 200:
        missing.append("issue: read and write")
    if missing:
        remedy = f"Create a token with them at {build_token_page_url(address)}"
        return report_bad("forgejo rights", f"missing: {', '.join(missing)}", remedy)
    return report_good("forgejo rights", "can push, open pull requests, and read checks")


async def _check_branch(
    service: Service, fields: dict[str, Any], settings: Settings
) -> list[DoctorFinding]:
    name = settings.config.forge.branch
    path = f"/repos/{fields['full_name']}/branches/{quote_branch(name)}"
    answer = await service.ask(path)
    branch = answer.fields
    if answer.status == 404:
        default = fields.get("default_branch")
        remedy = f"Set forge.branch in {settings.config_file}; the default branch is {default}."
        message = f"{fields['full_name']} has no branch {name}"
        return [report_bad("forgejo branch", message, remedy)]
    if not branch.get("protected"):
        remedy = "Protect it and require your checks (docs/going-live.md), as a second safeguard."
        return [report_note("forgejo branch", f"{name} is not protected", remedy)]
    if branch.get("user_can_merge") is False:
        remedy = "Add the account to those that may merge, in the branch's protection."
        message = f"the token's account may not merge into {name}"
        return [report_bad("forgejo branch", message, remedy)]
    required = (branch.get("status_check_contexts") or []) if branch["enable_status_check"] else []
    checks = f"required checks: {', '.join(required)}" if required else "no required checks"
    findings = [report_good("forgejo branch", f"{name} is protected; {checks}")]
    if reviews := branch.get("required_approvals"):
        message = f"a merge needs {reviews} approving review(s) on Forgejo besides “ship it”"
        remedy = "Approve the pull request there as well."
        findings.append(report_note("forgejo reviews", message, remedy))
    return findings
