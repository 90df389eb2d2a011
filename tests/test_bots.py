"""Bots: the kept list names them, people are let be, and a pace no person has is seen."""

from typing import Any

import msgspec
import numpy as np
import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from hypothesis import given
from hypothesis import strategies as st

from detak.bots import AGENT_LENGTH, NOBODY, Bots, BotSettings, paced
from detak.errors import SettingsError

BOTS = Bots(BotSettings())
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
MINUTE = 60_000_000


@pytest.mark.parametrize(
    ("agent", "rule"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "agent:Googlebot"),
        ("Mozilla/5.0 AppleWebKit/537.36 (compatible; bingbot/2.0) Chrome/103.0 Safari/537.36", "agent:bingbot"),
        ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "agent:facebookexternalhit"),
        (CHROME.replace("Chrome", "HeadlessChrome"), "automation:HeadlessChrome"),
        ("python-requests/2.32.3", "library:python-requests"),
        ("curl/8.5.0", "library:curl"),
    ],
)
def test_programs_are_named_by_the_rule_that_found_them(agent: str, rule: str) -> None:
    assert BOTS.rule(agent) == rule


@pytest.mark.parametrize(
    "agent",
    [
        None,
        "",
        CHROME,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
        "Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 13; CUBOT X30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0 Mobile Safari",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 [FBAN/FBIOS]",
        "Dalvik/2.1.0 (Linux; U; Android 13; SM-A525F Build/TP1A)",
        "Toko/1.0 CFNetwork/1410.0.3 Darwin/22.6.0",
        "\x00\ud800 🤖",
    ],
)
def test_people_and_silence_are_let_be(agent: str | None) -> None:
    assert BOTS.rule(agent) is None


def test_every_example_of_the_kept_list_is_found() -> None:
    examples = [agent for one in CRAWLER_USER_AGENTS_DATA for agent in one.get("instances", ())]
    assert len(examples) > 2_000
    missed = [agent for agent in examples if len(agent) <= AGENT_LENGTH and BOTS.rule(agent) is None]
    assert missed == []


def test_every_rule_of_the_kept_list_is_a_short_name() -> None:
    agents = [agent for one in CRAWLER_USER_AGENTS_DATA for agent in one.get("instances", ())]
    rules = {rule for agent in agents if (rule := BOTS.rule(agent))}
    assert {rule.partition(":")[0] for rule in rules} == {"agent", "library", "automation"}
    assert all(0 < len(rule.partition(":")[2]) <= 64 for rule in rules)


def test_what_is_kept_of_an_agent_is_what_is_judged() -> None:
    late = "x" * (AGENT_LENGTH - 4) + " Googlebot/2.1"
    assert BOTS.rule(late) is None
    assert BOTS.rule(late) == BOTS.rule(late[:AGENT_LENGTH])


def test_a_shop_takes_rules_away_and_adds_its_own() -> None:
    bots = Bots(BotSettings(allow=("library:*", "agent:Googlebot"), also={"uji": r"Toko-Uji/\d"}))
    assert bots.rule("python-requests/2.32.3") is None
    assert bots.rule("Mozilla/5.0 (compatible; Googlebot/2.1)") is None
    assert bots.rule("Googlebot/2.1 and bingbot/2.0") == "agent:bingbot"
    assert bots.rule("Toko-Uji/3") == "own:uji"


def test_a_rule_that_is_none_is_told_by_its_name() -> None:
    with pytest.raises(SettingsError, match=r"bots\.also\.uji: '\[' is not a regular expression"):
        Bots(BotSettings(also={"uji": "["}))
    with pytest.raises(msgspec.ValidationError, match=r"\$\.pace"):
        msgspec.convert({"pace": 0}, BotSettings)


def test_the_list_says_which_it_is() -> None:
    name, number = BOTS.source.split()
    assert (name, number[0].isdigit()) == ("crawler-user-agents", True)


def array(*values: int) -> Any:
    return np.array(values, dtype=np.int64)


def test_more_than_the_pace_within_a_minute_is_seen_across_its_edges() -> None:
    times = array(*(at * 10_000_000 for at in range(6)))  # every ten seconds from 0 to 50
    assert paced(array(*[7] * 6), times, 5).all()
    assert not paced(array(*[7] * 6), times, 6).any()
    assert paced(array(*[7] * 6), times + 30_000_000, 5).all()
    assert not paced(array(7, 7), array(0, MINUTE), 1).any()
    assert paced(array(7, 7), array(MINUTE - 1, 0), 1).all()


def test_nobody_has_no_pace() -> None:
    assert not paced(array(*[NOBODY] * 50), array(*[0] * 50), 1).any()


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 20)), max_size=60), st.integers(1, 6))
def test_the_pace_is_what_counting_by_hand_says(events: list[tuple[int, int]], most: int) -> None:
    moments = [(who, at * 10_000_000) for who, at in events]
    fast = {
        who
        for who, start in moments
        if who != NOBODY and sum(one == who and start <= at < start + MINUTE for one, at in moments) > most
    }
    mask = paced(array(*(who for who, _ in moments)), array(*(at for _, at in moments)), most)
    assert [bool(one) for one in mask] == [who in fast for who, _ in moments]
