"""The comparison of uplift: what it says where there is nobody to compare with."""

import pytest
from tests.uplift.trials import planted

from detak.bench import peers
from detak.bench.uplift import measure


def test_without_peers_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DETAK_PEERS", "nowhere")
    found = measure(planted(1500)[0], repeats=1)
    assert isinstance(found.peers, peers.Missing)
    assert found.within_one_error_of_the_best is None
    assert found.detak.qini_auc > 0
