"""Neutralises untrusted text for a forge: commit messages and titles, which cannot be escaped."""

import re

_GAP = "\u200b"  # invisible; no forge recognises a mention, a reference or a command across it
# https://docs.github.com/en/issues/tracking-your-work-with-issues/linking-a-pull-request-to-an-issue
# https://docs.github.com/en/actions/managing-workflow-runs/skipping-workflow-runs
# Other systems (GitLab, Azure, CircleCI, Travis) recognise the same markers under other names.
_SIGNS = re.compile(
    r"@(?=[\w-])"  # a mention
    r"|(?<=[#!])(?=\d)|\bGH-(?=\d)"  # a reference; after "fixes" it would close an issue
    r"|:(?=//[^\s/]+/\S*(?:issues|pulls?|merge_requests|commit)/)"  # a reference as a URL
    r"|\[(?!\u200b)(?=[^\]\n]*\b(?:skip|ci|no)\b)|\bNO(?=_CI\b)"  # no checks for this commit
    r"|^(?=[\w-]+-by:|skip-checks:|change-id:)",  # a trailer that names others or skips checks
    re.IGNORECASE | re.MULTILINE,
)


def neutralise(text: str) -> str:
    """Return the text with an invisible gap in everything a forge would act on; idempotent."""
    return _SIGNS.sub(lambda sign: sign[0] + _GAP, text)
