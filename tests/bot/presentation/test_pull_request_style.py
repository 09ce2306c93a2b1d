"""A pull request for another repository is written in the template of its people."""

import pytest

from bot.presentation.pull_request_style import BodyTemplate, fill_template

BODY = "`!hi` failed.\n\n## How it was tested\n\n- a replay passes\n"
TEMPLATE = """<!-- Read
CONTRIBUTING.md first. -->
## Description

Describe it.

## Testing

<!-- How? -->

## Checklist

- [ ] I have read the rules
"""


def test_their_headings_are_filled_and_checklists_stay() -> None:
    assert fill_template(TEMPLATE, BODY) == (
        "## Description\n\n`!hi` failed.\n\n## Testing\n\n- a replay passes\n\n"
        "## Checklist\n\n- [ ] I have read the rules\n"
    )


@pytest.mark.parametrize("template", ["- [ ] signed\n", "## Checklist\n\n- [ ] signed\n"])
def test_without_a_fitting_heading_the_body_comes_first(template: str) -> None:
    assert fill_template(template, BODY) == f"{BODY}\n{template}"


def test_without_a_heading_for_tests_the_whole_body_is_the_description() -> None:
    filled = fill_template("## What changed?\n\n## Issue\n\nnone\n", BODY)
    assert filled == f"## What changed?\n\n{BODY}\n## Issue\n\nnone\n"


async def test_the_template_is_read_from_the_usual_places() -> None:
    files = {".github/PULL_REQUEST_TEMPLATE.md": "## Summary\n"}

    async def read(path: str) -> str | None:
        return files.get(path)

    assert (await BodyTemplate(read)(BODY)).startswith("## Summary\n\n`!hi` failed.")
    files.clear()
    assert await BodyTemplate(read)(BODY) == BODY
