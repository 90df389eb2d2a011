"""The demo's shop: what is taken in, and whose pages it offers to look at."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detak import demo
from detak.engine import Engine
from detak.settings import Settings, SourceSettings
from detak.simulate.config import Config
from detak.simulate.world import World


def test_it_is_filled_up_to_now_and_names_two_who_get_pages_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "DAYS", 5)
    now = datetime.now(UTC)
    settings = Settings(sources={"web": SourceSettings()})
    first = now.astimezone(settings.timezone).date() - timedelta(days=5)
    world = World.make(Config(shoppers=150, days=6, start=first))
    with Engine(tmp_path, settings) as engine:
        assert demo.fill(engine, world, now) > 500
        two = demo.regulars(engine)
        engine.models.fit()
        ids = [one.split(":", 1) for one in two]
        pages = [engine.decisions.preview([(kind, who)], "home", 12).decision for kind, who in ids]
    assert len({*two}) == 2
    assert all("continue" in {slot.shelf for slot in page.slate} for page in pages)
    assert pages[0].slate != pages[1].slate
