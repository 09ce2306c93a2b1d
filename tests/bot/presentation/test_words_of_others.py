"""Texts of a model or a person on a card are shown literally and cannot imitate ours."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from theseus_guard.records import FileChange, Finding

from bot.domain.posts import Card, Post
from bot.presentation import cards
from bot.presentation.markdown import escape_line, escape_text
from tests.bot.presentation.test_cards import (
    CHANGE,
    DIAGNOSIS,
    DIFF,
    HISTORY,
    PLAN,
    RUN,
    VERDICT,
    read,
)

FAKE = "```diff\n@@ -1 +1 @@\n-    steal()\n+    pass\n```"
LIES = {
    "a made-up diff": f"All is well.\n{FAKE}",
    "a made-up diff in tildes": FAKE.replace("```", "~~~"),
    "a fence that swallows what follows": "All is well. ```",
    "a code that swallows what follows": "All is `well.",
    "a heading": "# Reviewed by security",
    "a small heading": "-# run k3m9tq · head bbbbbbb",
    "a label of ours": "Fine.\n\n**Change**: only a remark.",
    "a quote": "> ship it",
    "a masked link": "[Pull request](https://evil.example/pulls/3)",
    "a picture": "![x](https://evil.example/x.png)",
    "a mention": "<@1> <@&2> <#3> @everyone",
    "a hidden text": "||spoiler|| <!-- and the rest -->",
    "turned around": "\u202etxet\u2066",
    "a reference": "closes #12, fixes GH-12",
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_words_look_like_nothing_of_ours_wherever_they_stand(lie: str) -> None:
    history = HISTORY.replace(
        diagnosis=DIAGNOSIS.replace(cause=lie),
        change_set=CHANGE.replace(summary=lie, title=lie, review=lie),
        plan=PLAN.replace(impact=lie, solution=lie, rollback=lie),
    )
    post = cards.render_proposal(RUN, history)
    assert post.card is not None
    told = [post.card.title, post.card.body, cards.plan_text(history.plan or PLAN)]
    told += [each.value for each in post.card.fields if not each.name.startswith("Diff of")]
    for text in told:
        ours = text.replace("**Change**: ", "", 1).replace("Proposal #3: ", "")
        plain = re.sub(r"`[^`\n]*`", "", ours)  # what stands in code does nothing
        assert "```" not in text
        assert "~~~" not in text
        assert not re.search(r"(?m)^(?:#|>|-#|=)", plain)
        assert not re.search(r"(?<!\\)\]\(|(?<!\\)\|\||<[!@#&]|@(?=\w)|#(?=\d)", plain)
        assert not re.search(r"(?<!\\)\*\*Change", plain)
        assert "\u202e" not in text
        assert all(line.count("`") % 2 == 0 for line in text.split("\n"))
    (diff,) = [each.value for each in post.card.fields if each.name.startswith("Diff of")]
    assert diff.count("```") == 2
    assert "steal" not in diff


@given(st.text("ab `*_~|[]()<>#@-=.\n!1/:\\", max_size=60))
def test_whatever_is_written_a_line_ends_what_it_began(text: str) -> None:
    for line in [escape_line(text, 100), *escape_text(text).split("\n")]:
        assert "``" not in line
        assert line.count("`") % 2 == 0
        assert not line.startswith(("#", ">", "=", "---", "-#", "    "))


def test_code_and_lists_stay_what_they_are() -> None:
    assert (
        escape_line("`face(x)` of snake_case_name: 3 < 4") == "`face(x)` of snake_case_name: 3 < 4"
    )
    assert escape_text("Two things:\n\n- one\n* two\n1. three") == (
        "Two things:\n\n- one\n- two\n1. three"
    )


def field(post: Post, name: str) -> str:
    assert post.card is not None
    return next((each.value for each in post.card.fields if each.name == name), "")


def diff_of(*files: tuple[str, str]) -> str:
    return "".join(
        f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n-a\n+{line}\n"
        for path, line in files
    )


def test_no_text_in_a_line_hides_or_cuts_what_the_card_shows() -> None:
    hiding = diff_of(("cogs/dice.py", "payload()  # a/x b/tests/y"), ("cogs/polls.py", "more()"))
    post = cards.render_proposal(RUN, HISTORY.replace(change_set=CHANGE.replace(diff=hiding)))
    assert "+payload()  # a/x b/tests/y" in field(post, "Diff of cogs/dice.py")
    cutting = diff_of(("cogs/dice.py", "x = '''\n-diff --git a/x b/x")).replace(
        "@@ -1 ", "@@ -1,2 "
    )
    cutting += diff_of(("cogs/polls.py", "payload()"))
    post = cards.render_proposal(RUN, HISTORY.replace(change_set=CHANGE.replace(diff=cutting)))
    assert "-diff --git a/x b/x" in field(post, "Diff of cogs/dice.py")
    assert "+payload()" in field(post, "Diff of cogs/polls.py")


def test_a_change_that_migrates_the_state_says_so() -> None:
    file, line = "bot/adapters/sqlite_store/_schema.py", 'NEW = Migration("0009_moods", ("…",))'
    spread = diff_of((file, "NEW = Migration(")).replace("+1 @@", "+1,2 @@")
    for diff, told in (
        (diff_of((file, line)), True),
        (spread + '+    "0009_moods",\n', True),
        (diff_of((file, line)).replace("\n-a\n", f"\n-{line}  # as it was\n"), False),
        (diff_of(("tests/bot/test_x.py", line)), False),
    ):
        card = cards.render_proposal(
            RUN, HISTORY.replace(change_set=CHANGE.replace(diff=diff))
        ).card
        assert card is not None
        assert ("**Migrates the state**: `0009_moods`." in card.body) == told, diff


def test_what_does_not_stand_on_the_card_is_named_with_where_to_read_it() -> None:
    many = [(f"cogs/c{n}.py", "x") for n in range(4)]
    files = [("cogs/fence.py", "x = '```'"), *many, ("tests/test_x.py", "y")]
    long = diff_of(("cogs/a.py", "\n".join(f"+line {n}" for n in range(99))[1:])).replace(
        "+1 @@", "+1,99 @@"
    )
    diff = long + diff_of(*files) + "diff --git a/x.png b/x.png\nBinary files differ\n"
    post = cards.render_proposal(RUN, HISTORY.replace(change_set=CHANGE.replace(diff=diff)))
    told = field(post, "Not shown here")
    assert told == (
        "the rest of `cogs/a.py`, `cogs/fence.py`, `cogs/c1.py`, `cogs/c2.py`, `cogs/c3.py`, "
        "`x.png` (binary: read it at the pull request) and 1 more. All of it is in "
        "`k3m9tq-aaaaaaa.diff`."
    )
    assert post.attachments[0].text.endswith(diff)
    assert post.attachments[0].text.startswith("# Not shown: x.png (binary, modified)")


def test_the_gravest_note_comes_first_and_the_rest_is_counted_and_attached() -> None:
    harmless = [
        Finding(rule="size", path=f"f{n}.py", message=f"note {n}", blocking=False) for n in range(9)
    ]
    worst = Finding(rule="test_weakened", path="z.py", message="Touches tests", blocking=False)
    files = tuple(FileChange(path=f"f{n}.py", added=n, removed=0) for n in range(17))
    guarded = Finding(rule="protected_path", path="f3.py", message="Look", blocking=False)
    history = HISTORY.replace(
        verdict=VERDICT.replace(findings=(*harmless, worst, guarded)),
        change_set=CHANGE.replace(files=files),
    )
    post = cards.render_proposal(RUN, history)
    notes, shown = field(post, "Please note").split("\n"), field(post, "Files").split("\n")
    assert notes[0] == "• `z.py`: Touches tests"
    assert notes[-1] == "and 5 more, in the attached `k3m9tq-aaaaaaa-notes.md`"
    assert len(shown) == 11
    assert shown[0] == "`f3.py` +3 -0"
    assert shown[-1].startswith("and 7 more")
    attached = post.attachments[1]
    assert attached.name == "k3m9tq-aaaaaaa-notes.md"
    assert all(f"note {n}" in attached.text and f"`f{n}.py`" in attached.text for n in range(9))


def test_a_card_never_outgrows_discord_and_says_what_it_left_out() -> None:
    long = "word " * 400
    history = HISTORY.replace(
        diagnosis=DIAGNOSIS.replace(cause=long, seen_before=long),
        change_set=CHANGE.replace(
            summary=long,
            review=long,
            files=tuple(FileChange(path=f"{'f' * 90}{n}.py", added=1, removed=1) for n in range(9)),
            diff=DIFF.replace("FACES", "F" * 250) + diff_of(("cogs/x.py", "x" * 500)),
        ),
        plan=PLAN.replace(impact=long),
        verdict=VERDICT.replace(
            findings=tuple(
                Finding(rule="size", path="x.py", message=f"{n} {long}", blocking=False)
                for n in range(5)
            )
        ),
    )
    post = cards.render_proposal(RUN, history)
    assert post.card is not None
    assert size(post.card) < 6_000
    assert all(len(each.value) <= 1_024 for each in post.card.fields)
    assert "Review" in field(post, "Left out for length")
    assert "# Review\n\nword word" in post.attachments[1].text
    assert "[Ship it]" in read(post)


def size(card: Card) -> int:
    texts = [card.title, card.body, card.footer]
    return sum(map(len, [*texts, *(each.name + each.value for each in card.fields)]))
