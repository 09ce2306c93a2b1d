"""Changed prompts and documents: what of them does not hold."""

import pytest

from bot.proof.preservation import ChangedText
from bot.proof.text_checks import build_text_proof

DICE = """
class Dice:
    @app_commands.command(name="roll")
    async def roll(self, interaction): ...
    @app_commands.command()
    async def again(self, interaction): ...
    group = app_commands.Group(name="poll", description="Polls.")
"""
TREE = {
    "cogs/dice.py": DICE,
    "docs/README.md": "# Docs\n",
    "docs/dice.md": "# Dice, and more\n",
    "docs/demo.png": "",
}


def told(path: str, before: str | None, after: str | None) -> tuple[bool, str]:
    proof = build_text_proof([ChangedText(path, before, after)], {*TREE, path}, TREE.get)
    return proof.holds, " | ".join((proof.summary, *proof.details))


@pytest.mark.parametrize(
    "text",
    [
        "[Dice](dice.md), [there](dice.md#dice-and-more), [here](#a-new-page), [docs](../docs/)",
        "[away](https://example.com/x.md#y), ![picture](demo.png)",
        "```\n[no](link.md)\n```",
        "`/roll dice:2d6`, `/again`, `/poll create`, and `/api/v10` is a route",
    ],
)
def test_links_and_commands_that_are_there_hold(text: str) -> None:
    page = f"# A new page\n\n{text}\n"
    assert told("docs/new.md", None, page) == (
        True, "1 text file: placeholders, links and commands are correct | `docs/new.md`",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[gone](gone.md)", "links to `gone.md`, which does not exist"),
        ("[no](dice.md#nothing)", "links to `dice.md#nothing`, but there is no such heading"),
        ("[no](#nothing)", "links to `#nothing`, but there is no such heading"),
        ("[out](../../etc/passwd)", "which does not exist"),
        ("`/coinflip` flips", "names `/coinflip`, which no cog has"),
    ],
)
def test_what_is_not_there_is_told(text: str, why: str) -> None:
    holds, found = told("docs/new.md", None, f"# New\n\n{text}\n")
    assert not holds
    assert why in found


def test_what_a_document_named_before_is_its_own_business() -> None:
    assert told("docs/new.md", "`/health` is a route", "`/health` is a route of ours")[0]


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("Hi $name", "Hello $name, be brief. $$5", ""),
        ("Hi $name", "Hello $nam", "other placeholders than the program fills in: $nam, $name"),
        ("Hi", "Hi $name", "$name"),
        ("Hi", "It costs $ 5", "write $$"),
        ("Hi", None, "is removed, but the program needs it"),
        (None, "Something $new", ""),
    ],
)
def test_a_prompt_is_filled_in_as_before(before: str | None, after: str | None, why: str) -> None:
    holds, found = told("prompts/persona.md", before, after)
    assert holds is not bool(why)
    assert why in found


def test_a_change_of_no_words_proves_none() -> None:
    assert told("cogs/dice.py", "x = 1", "x = 2") == (False, "no prompt or document changed")


SKILL = """\
---
name: making-tea
description: How tea is made.
metadata:
  theseus-roles: chat
---
Boil water: see [cups](cups.md) and `/roll`. It costs $5.
"""
MANIFEST = "prompts/skills/making-tea/SKILL.md"


def of_skill(before: str | None, after: str | None, **others: str) -> tuple[bool, str]:
    tree = {**TREE, "prompts/skills/making-tea/cups.md": "Two."} | others
    if after is not None:
        tree[MANIFEST] = after
    proof = build_text_proof([ChangedText(MANIFEST, before, after)], tree, tree.get)
    return proof.holds, " | ".join((proof.summary, *proof.details))


def test_a_skill_is_told_as_models_are_told_of_it_before_and_after() -> None:
    holds, shown = of_skill(None, SKILL)
    assert holds
    assert "description of `making-tea` for models after: “How tea is made. (to chat)”" in shown
    assert "for models before" not in shown
    holds, shown = of_skill(SKILL, SKILL.replace("How tea", "How green tea"))
    assert holds
    assert "before: “How tea is made. (to chat)” | " in shown
    assert "after: “How green tea is made. (to chat)”" in shown
    assert "its text changes" in of_skill(SKILL, SKILL.replace("Boil", "Heat"))[1]


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (SKILL.replace("name: making-tea", "name: tea"), f"{MANIFEST}, line 2: name is 'tea'"),
        (SKILL.replace("---\n", "", 1), "line 1: a skill begins with"),
        (SKILL.replace("cups.md", "mugs.md"), "links to `mugs.md`, which does not exist"),
        (SKILL.replace("/roll", "/brew"), "names `/brew`, which no cog has"),
        (None, "has no `SKILL.md`, so it is not a skill"),
    ],
)
def test_a_skill_that_will_not_do_is_told(after: str | None, why: str) -> None:
    holds, shown = of_skill(SKILL, after)
    assert not holds
    assert why in shown


def test_a_skill_may_go_with_all_its_files() -> None:
    proof = build_text_proof([ChangedText(MANIFEST, SKILL, None)], set(TREE), TREE.get)
    assert proof.holds
    assert "`making-tea` is removed" in proof.details
