"""How many, as people read it."""


def counted(count: int, noun: str) -> str:
    """Return `1 failure`, `3 failures`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def people_counted(count: int) -> str:
    """Return `1 person`, `3 people`."""
    return "1 person" if count == 1 else f"{count} people"


def times_counted(count: int) -> str:
    """Return `once`, `3 times`."""
    return "once" if count == 1 else f"{count} times"
