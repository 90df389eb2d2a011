"""Recommendations for all who may be written to: who is among them, and that each is answered as alone."""

import csv
import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.commandline import answer, detak
from tests.conftest import send
from tests.server.serving import Running, served
from tests.shop import track

from detak.consent import Basis
from detak.engine import Engine
from detak.errors import UsageError
from detak.recommending.asking import Ask
from detak.settings import Settings, SourceSettings

OPEN = Settings(
    sources={"web": SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics", "personalisation"))}
)
RULES = '[placements.mail.rules]\ndiversity = 0.0\npin = [{product = "z", at = 1}]\n'


def view(product: str, key: str, user: str) -> dict[str, Any]:
    return track("Product Viewed", key, user=user, properties={"product_id": product})


def fill(engine: Engine) -> None:
    """Twenty people look at a, b and c; those of even numbers say yes to marketing, u4 no to personalisation after."""
    for number in range(20):
        user = f"u{number}"
        if number % 2 == 0:
            send(engine, said(user, f"c{number}", marketing=True, personalisation=True))
        path = ("abc", "bca", "zab")[number % 3]
        send(engine, *(view(one, f"{number}{one}", user) for one in path[: 2 + number % 2]))
    send(engine, track("Product Viewed", "anon", user=None, anonymousId="device", properties={"product_id": "a"}))
    engine.models.fit()
    send(engine, said("u4", "no", personalisation=False))


def said(user: str, key: str, **purposes: bool) -> dict[str, Any]:
    message = track("Consent Given", key, user=user)
    return {**message, "context": {"consent": {"categoryPreferences": purposes}}}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine(tmp_path_factory.mktemp("everyone"), OPEN) as engine:
        fill(engine)
        (engine.folder / "rules.toml").write_text(RULES)
        yield engine


@pytest.mark.parametrize("ask", [Ask(k=3), Ask(k=3, placement="mail"), Ask(k=2, shelf="also_viewed"), Ask(k=0)])
def test_each_is_answered_as_alone(engine: Engine, ask: Ask) -> None:
    found = engine.everyone.some(ask, "en")
    assert {one.user_id for one in found.people} == {f"u{number}" for number in range(0, 20, 2)}
    for one in found.people:
        alone = engine.models.told(replace(ask, identifiers=[("user", one.user_id)]), "en")
        assert [(item.product_id, item.reason) for item in one.items] == [
            (item.product_id, item.reason) for item in alone.items
        ]
        assert [item.score for item in one.items] == pytest.approx([item.score for item in alone.items], abs=1e-4)
        assert one.cold == alone.cold


def test_whoever_refuses_personalisation_is_a_stranger(engine: Engine) -> None:
    found = engine.everyone.some(Ask(k=3)).people
    assert [one.user_id for one in found if one.cold] == ["u4"]
    (theirs,) = [one for one in found if one.user_id == "u4"]
    stranger = engine.models.told(Ask(k=3))
    assert [one.product_id for one in theirs.items] == [one.product_id for one in stranger.items]


def test_some_at_a_time_are_all(engine: Engine) -> None:
    whole = engine.everyone.some(Ask(k=2))
    assert whole.after == ""
    parts, after = [], ""
    while True:
        some = engine.everyone.some(Ask(k=2), after=after, most=3)
        parts += some.people
        if not (after := some.after):
            break
    assert [one.user_id for one in parts] == [one.user_id for one in whole.people]
    with pytest.raises(UsageError, match="after"):
        engine.everyone.some(Ask(), after="first")


def test_the_audit_says_how_many_were_reached(engine: Engine) -> None:
    engine.everyone.some(Ask(k=1))
    row = [one for one in engine.audit().rows if one.verb == "audience"][-1]
    assert row.purpose == "marketing"
    assert json.loads(row.detail)["reached"] == 10


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with served(tmp_path_factory.mktemp("served"), OPEN) as running:
        fill(running.engine)
        yield running


def test_a_file_for_letters(shop: Running, tmp_path: Path) -> None:
    """Through the server that holds the store; as JSON Lines and as a table."""
    store = shop.engine.folder
    done = answer("recommend", "--everyone", "--out", tmp_path / "all.jsonl", "--k", "2", "--store", store)
    assert done == {"file": str(tmp_path / "all.jsonl"), "people": 10, "products": 20}
    lines = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert {one["user_id"] for one in lines} == {f"u{number}" for number in range(0, 20, 2)}
    assert stat.S_IMODE((tmp_path / "all.jsonl").stat().st_mode) == 0o600
    answer("recommend", "--everyone", "--out", tmp_path / "all.csv", "--k", "2", "--store", store)
    with (tmp_path / "all.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    flat = [(one["user_id"], item["product_id"]) for one in lines for item in one["items"]]
    assert [(one["user_id"], one["product_id"]) for one in rows] == flat
    assert {one["rank"] for one in rows} == {"1", "2"}


def test_it_needs_a_file_and_nobody_named(shop: Running, tmp_path: Path) -> None:
    store = shop.engine.folder
    assert "--out" in detak("recommend", "--everyone", "--store", store).stderr
    named = detak("recommend", "--everyone", "--out", tmp_path / "x", "--user-id", "ani", "--store", store)
    assert (named.returncode, "name nobody" in named.stderr) == (2, True)
    assert not (tmp_path / "x").exists()
    unknown = detak("recommend", "--everyone", "--out", tmp_path / "x", "--shelf", "none", "--store", store)
    assert "no shelf" in unknown.stderr
    assert list(tmp_path.iterdir()) == []


def test_it_takes_the_admin_token(shop: Running) -> None:
    assert shop.post("/v1/admin/recommend", {}, auth=(shop.key, "")).status_code == 401
