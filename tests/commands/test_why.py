"""``detak why``: what was shown, when by the shop's clock, and why, in the language that is asked for."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
from tests.commandline import answer, detak, refused
from tests.conftest import send
from tests.deciding.test_deciding import OPEN, touch

from detak.engine import Engine
from detak.insights.render import moment


def test_a_decision_is_told_by_the_shops_clock_and_the_last_ones_of_a_person(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        engine.catalogue.put([{"id": one, "name": f"Barang {one}", "category": ["T", one]} for one in "abc"], "api")
        send(engine, *[touch(f"u{n}", one, f"{n}{one}") for n in range(4) for one in "abc"], touch("ani", "a", "x"))
        engine.models.fit()
        body = {"userId": "ani", "placements": [{"name": "home", "k": 2}]}
        told = msgspec.json.decode(engine.decisions.answer("web", msgspec.json.encode(body)))["decisions"][0]
        engine.settle()
        zone = engine.settings.timezone
    number, made = told["decision_id"], datetime.fromtimestamp(told["time"] / 1e6, UTC)
    said = []
    for language in ("id", "en"):
        done = detak("why", number, "--lang", language, "--store", tmp_path)
        assert f"{number}  {moment(made.astimezone(zone), language)}  home" in done.stdout
        reasons = answer("why", number, "--lang", language, "--store", tmp_path)["reasons"]
        assert reasons
        assert all(f"{at}. {one}" in done.stdout for at, one in enumerate(reasons, 1))
        said.append(reasons)
    assert said[0] != said[1]
    found = answer("why", number, "--store", tmp_path)
    assert [one["product_id"] for one in found["products"]] == [one["product_id"] for one in told["slate"]]
    assert datetime.fromisoformat(found["time"]) == made
    assert [one["decision_id"] for one in answer("why", "--user-id", "ani", "--store", tmp_path)] == [number]


def test_what_cannot_be_told_is_said(tmp_path: Path) -> None:
    Engine(tmp_path).close()
    assert "say which" in refused("why", "--lang", "en", "--store", tmp_path)
    assert refused("why", "0" * 32, "--store", tmp_path)
    assert refused("why", "--user-id", "nobody", "--store", tmp_path)
