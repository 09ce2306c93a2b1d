"""A configuration whose full checks are one line of Python: what they say is not what is tested."""


def set_full_checks(config: str, line: str) -> str:
    """Return the shipped configuration's text with other full checks, which end it."""
    check = f'    - {{name: one line, command: [python, -c, "{line}"], seconds: 60}}'
    head, _, _ = config.partition("\n  full:\n")
    return f"{head}\n  full:\n{check}\n"
