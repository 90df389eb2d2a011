"""The Node.js libraries that shops run, unmodified, against a server: every event once, sent again or not."""

from pathlib import Path

import pytest
from tests.clients.front import BUSY, LOST, front
from tests.clients.packages import run
from tests.clients.shop import check, opened, told


@pytest.mark.parametrize("kind", ["segment", "rudderstack"])
def test_every_call_arrives(tmp_path: Path, kind: str) -> None:
    with opened(tmp_path) as shop:
        run(f"{kind}.mjs", {"url": shop.url, "key": shop.key, "story": told()})
        check(shop)


@pytest.mark.parametrize("kind", ["segment", "rudderstack"])
def test_what_is_sent_again_counts_once(tmp_path: Path, kind: str) -> None:
    with opened(tmp_path) as shop:
        with front(shop.url, BUSY, LOST) as flaky:
            run(f"{kind}.mjs", {"url": flaky.url, "key": shop.key, "story": told()})
        assert {429, 503, 200} == {status for _, _, status in flaky.answered}
        check(shop)
