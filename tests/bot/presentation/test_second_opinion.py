"""What people read of a plan's size and of a second planner before they agree."""

from bot.domain.plan import OpinionDifference, SecondOpinion
from bot.presentation import cards
from tests.bot.presentation.test_cards import HISTORY, RUN
from tests.bot.presentation.test_flag_words import BRIEF
from tests.fakes.fake_request_planner import BUILDS

DIFFERENCE = OpinionDifference(about="Risk", first="high", second="low\n# Approved by @everyone")


def test_the_contract_says_how_large_it_may_be_and_what_two_planners_think() -> None:
    opinion = SecondOpinion(author="claude (x)", differences=(DIFFERENCE,))
    plan = BUILDS.replace(max_files=12, max_lines=900, second_opinion=opinion)
    history = HISTORY.replace(brief=BRIEF, plan=plan, diagnosis=None)
    card = cards.render_contract(RUN.replace(goal="change"), history).card
    assert card is not None
    fields = {field.name: field.value for field in card.fields}
    count = len(plan.owned_files)
    assert fields["Size"] == f"{count} of at most 12 files, at most 900 changed lines"
    assert fields["Second opinion"] == (
        "claude (x) differs in 1 point.\n**Risk** high ⟷ low # Approved by @\u200beveryone"
    )


def test_old_plans_say_neither() -> None:
    history = HISTORY.replace(brief=BRIEF, plan=BUILDS, diagnosis=None)
    card = cards.render_contract(RUN.replace(goal="change"), history).card
    assert card is not None
    assert not {"Size", "Second opinion"} & {field.name for field in card.fields}
