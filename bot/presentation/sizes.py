"""How large, as people read it."""

_UNITS = ("kB", "MB", "GB")


def format_size(size: int) -> str:
    """Return `512 bytes`, `1.2 kB`, `34 MB`, `1.5 GB`."""
    if size < 1_000:
        return "1 byte" if size == 1 else f"{size} bytes"
    steps = 1
    while steps < len(_UNITS) and size >= 999.5 * 1_000**steps:
        steps += 1
    amount = size / 1_000**steps
    return (
        f"{amount:.1f} {_UNITS[steps - 1]}"
        if amount < 9.95
        else f"{amount:,.0f} {_UNITS[steps - 1]}"
    )
