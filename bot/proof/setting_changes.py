"""Describes the effect of a change of the configuration, setting by setting."""

from collections.abc import Iterator, Mapping

from bot.domain.proof import Proof

_LONGEST = 120
_ABSENT = "nothing"

Settings = Mapping[str, object]


def build_configuration_proof(before: Settings, after: Settings) -> Proof:
    """Return the differences between two valid configurations as a proof.

    A text with equal settings changes nothing, and proves nothing.
    """
    old, new = dict(_flatten(before)), dict(_flatten(after))
    lines = tuple(
        f"`{key}`: {old.get(key, _ABSENT)} → {new.get(key, _ABSENT)}"
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
    )
    count = f"{len(lines)} setting{'' if len(lines) == 1 else 's'}"
    summary = f"valid; {count} changed" if lines else "valid, but no setting changed"
    return Proof(kind="configuration", holds=bool(lines), summary=summary, details=lines)


def _flatten(settings: Settings, within: str = "") -> Iterator[tuple[str, str]]:
    """Yield every setting by its dotted name; a list is one setting."""
    for key, value in settings.items():
        name = f"{within}{key}"
        if isinstance(value, Mapping) and value:
            yield from _flatten(value, f"{name}.")
        else:
            text = _ABSENT if value is None else str(value)
            yield name, text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
