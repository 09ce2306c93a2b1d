"""`python -m check_pull_request`: checks the pull request of the event."""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from check_pull_request.checks import compare_answers, run_guard
from check_pull_request.clone import Clone
from check_pull_request.comments import publish
from check_pull_request.report import render_report, summarize
from check_pull_request.settings import CheckError, Settings


def check(settings: Settings, summary: str) -> int:
    """Check the pull request, publish the report, and return the exit code."""
    with TemporaryDirectory(prefix="theseus-action-") as name:
        folder, scratch = Path(name, "repository"), Path(name, "scripts")
        folder.mkdir()
        scratch.mkdir()
        clone = Clone(folder, settings)
        clone.fetch()
        findings = run_guard(clone, settings.head)
        answers = compare_answers(clone, settings, scratch)
        text = render_report(settings, clone.merge_base, findings, answers)
    _say(f"{summarize(findings, answers)}; {publish(settings, text, summary)}")
    return int(settings.fails_on_blocking and any(each.is_blocking for each in findings))


def _say(text: str) -> None:
    """Print one line: a line that begins with `::` would be a command to the runner."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    print(f"theseus: {plain}", flush=True)  # noqa: T201 - the log of the job


def main() -> None:
    """Check the pull request of the event; exit code 2 means that nothing could be checked."""
    try:
        sys.exit(check(Settings.read(os.environ), os.environ.get("GITHUB_STEP_SUMMARY", "")))
    except CheckError as error:
        _say(str(error))
        sys.exit(2)


if __name__ == "__main__":
    main()
