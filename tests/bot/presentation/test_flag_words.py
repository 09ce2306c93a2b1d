"""What is said of flags, on cards and in lists."""

from datetime import timedelta

from bot.domain.brief import Brief
from bot.domain.flag import Flag
from bot.domain.people import Person
from bot.presentation import cards
from bot.presentation.flags import describe_flag_removal, describe_switch, list_flag_lines
from tests.bot.presentation.test_cards import APPROVAL, HISTORY, PROPOSAL, RUN, SHIPMENT
from tests.fakes.fake_clock import START
from tests.fakes.fake_request_planner import BUILDS, FLIPS

DORA = Person(id=3, name="dora")
ALL = Flag(name="coinflip", reach="all", by=DORA, at=START)
BRIEF = Brief(request="a coin", understood="A coin.", acceptances=(FLIPS,), flag="coinflip")
SINCE = f"<t:{START.timestamp():.0f}:f>"


def test_the_list_names_everything_that_is_asked_for_or_was_switched() -> None:
    flags = {"coinflip": ALL, "old": ALL.replace(name="old", reach="dev", by=None)}
    uses = {"coinflip": ("cogs/coins.py",), "trivia": tuple(f"cogs/{n}.py" for n in "abcd")}
    assert list_flag_lines(flags, uses, START) == [
        f"- `coinflip`: on for everyone, since {SINCE} by dora · asked for in `cogs/coins.py`",
        f"- `old`: on in the dev channel, since {SINCE} · no code asks for it any more: "
        "`/flags remove name:old` forgets it",
        "- `trivia`: off, never switched · asked for in `cogs/a.py`, `cogs/b.py`, `cogs/c.py` "
        "and 1 more",
    ]
    later = list_flag_lines({"coinflip": ALL}, uses, START + timedelta(days=8))[0]
    assert later.endswith("on for more than 7 days: it can be removed from the code")
    assert list_flag_lines({}, {}, START)[0].startswith("There are no flags")


def test_who_switches_reads_what_it_was_and_what_it_is() -> None:
    share = Flag(name="coinflip", reach="share", percent=20, at=START)
    named = Flag(name="coinflip", reach="channels", channels=(7, 8), at=START)
    assert describe_switch(None, share) == (
        "`coinflip` is on for 20 % of people, and in the dev channel from now on. Before, it was "
        "off."
    )
    assert describe_switch(share, named).startswith("`coinflip` is on in <#7>, <#8> and the dev ch")
    assert describe_switch(ALL, ALL) == f"`coinflip` was on for everyone already, since {SINCE}."
    assert describe_flag_removal("coinflip", ALL, ("cogs/coins.py",)) == (
        "Forgotten: `coinflip`, which was on for everyone. It is asked for in `cogs/coins.py`, "
        "and off there."
    )


def test_the_contract_and_the_proposal_say_that_it_ships_off() -> None:
    history = HISTORY.replace(brief=BRIEF, plan=BUILDS, diagnosis=None)
    told = "🚩 Ships behind the flag `coinflip`: off until `/flags set`."
    contract = cards.render_contract(RUN.replace(goal="change"), history).card
    assert contract is not None
    assert {field.name: field.value for field in contract.fields}["Flag"] == told
    proposal = cards.render_proposal(RUN.replace(goal="change"), history).card
    assert proposal is not None
    assert told in proposal.body.split("\n\n")
    without = cards.render_proposal(RUN, HISTORY).card
    assert without is not None
    assert "🚩" not in without.body


def test_what_is_live_says_how_it_is_switched_on() -> None:
    said = cards.render_shipment(PROPOSAL, APPROVAL, SHIPMENT, flag="coinflip").text
    assert said.endswith(
        "without a restart.\n🚩 It is behind the flag `coinflip`, which is off. `/flags set "
        "name:coinflip to:dev` turns it on in the dev channel; `to:channels`, `to:share` and "
        "`to:all` turn it on for more people."
    )
    failed = SHIPMENT.replace(reloaded=(), failed={"cogs.dice": "NameError: x"})
    assert "🚩" not in cards.render_shipment(PROPOSAL, APPROVAL, failed, flag="coinflip").text
