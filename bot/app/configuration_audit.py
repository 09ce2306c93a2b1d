"""What of the configuration is written into the audit log whenever it has changed."""

import hashlib
import json
from types import MappingProxyType
from typing import Any

from bot.domain.guilds import collect_people
from bot.domain.people import PeopleList
from bot.settings import Settings


def describe_configuration(settings: Settings) -> str:
    """Return one line with a hash of the configuration, and with who may do what.

    The configuration contains no secrets. It contains ids of people, which the audit log needs.
    """
    body = json.dumps(_sort_sets(settings.config.model_dump()), sort_keys=True)
    people, approval = settings.config.people, settings.config.approval
    return (
        f"configuration sha256:{hashlib.sha256(body.encode()).hexdigest()[:16]}; "
        f"approvers {_format_people(people.approvers)}; "
        f"developers {_format_people(people.developers)}; "
        f"{_describe_guilds(settings)}"
        f"two people for {', '.join(sorted(approval.second_for)) or 'nothing'}; "
        f"own work up to {settings.config.autonomy.level}{_describe_issue_authors(settings)}"
    )


def _describe_guilds(settings: Settings) -> str:
    """Return who may do what in the servers that have people of their own."""
    return "".join(
        f"server {key}: approvers {_format_people(people.approvers)}; "
        f"developers {_format_people(people.developers)}; "
        for key, people in sorted(collect_people(settings.config.guilds).items())
    )


def _describe_issue_authors(settings: Settings) -> str:
    """Return the logins whose issues count as requests; empty if there are none."""
    people = settings.config.forge.issues.people
    authors = ", ".join(f"{login} ({person})" for login, person in sorted(people.items()))
    return f"; issues of {authors}" if authors else ""


def _format_people(people: PeopleList) -> str:
    users = ", ".join(str(each) for each in sorted(people.users)) or "nobody"
    roles = ", ".join(str(each) for each in sorted(people.roles)) or "none"
    return f"{users} (roles: {roles})"


def _sort_sets(value: Any) -> Any:
    """Return the value with its sets in order: the same configuration gives the same mark."""
    # Concrete types: asking an abstract one looks through all its subclasses, for most of a second.
    if isinstance(value, dict | MappingProxyType):
        return {str(key): _sort_sets(each) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(str(each) for each in value)
    if isinstance(value, list | tuple):
        return [_sort_sets(each) for each in value]
    return str(value)
