"""Gorse's own clients, unmodified, against a real server."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.clients.packages import run
from tests.clients.shop import BEGAN, names, opened

from detak.engine import Engine

NOW = BEGAN.isoformat()


def test_pygorse_writes(tmp_path: Path) -> None:
    gorse = pytest.importorskip("gorse", reason="PyGorse is not installed")
    with opened(tmp_path) as shop:
        client = gorse.Gorse(shop.url, shop.key)
        assert client.insert_user({"UserId": "ani", "Labels": ["gold"], "Comment": "vip"}) == {"RowAffected": 1}
        assert client.insert_users([{"UserId": "budi"}, {"UserId": "citra"}]) == {"RowAffected": 2}
        item = {"ItemId": "S1", "IsHidden": False, "Categories": ["Dapur"], "Labels": ["biru"], "Comment": "Mangkok",
                "Timestamp": "2026-11-01T10:00:00Z"}  # fmt: skip
        assert client.insert_item(item) == {"RowAffected": 1}
        assert client.get_item("S1") == item
        assert client.update_item("S1", is_hidden=True) == {"RowAffected": 1}
        assert client.get_items(10) == ([{**item, "IsHidden": True}], "")
        for _ in range(2):
            assert client.insert_feedback("read", "ani", "S1", NOW) == {"RowAffected": 1}
        many = [{"FeedbackType": kind, "UserId": "budi", "ItemId": "S1", "Timestamp": NOW} for kind in ("star", "nod")]
        assert client.insert_feedbacks(many) == {"RowAffected": 2}
        with pytest.raises(gorse.GorseException) as refused:
            gorse.Gorse(shop.url, "wrong").insert_feedback("read", "ani", "S1", NOW)
        assert refused.value.status_code == 401
        _as_admin(gorse.Gorse(shop.url, shop.token))
        arrived = sorted(names(shop))
    assert arrived == ["Identified", "Identified", "Product Added to Wishlist", "nod"]


def _as_admin(client: Any) -> None:
    """What reads people and removes things; ``ani`` is gone afterwards."""
    assert client.get_user("ani") == {"UserId": "ani", "Labels": ["gold"], "Comment": "vip"}
    assert [one["ItemId"] for one in client.list_feedbacks("read", "ani")] == ["S1"]
    assert client.delete_user("ani") == {"RowAffected": 1}
    assert client.delete_item("S1") == {"RowAffected": 1}


def test_gorsejs_writes(tmp_path: Path) -> None:
    with opened(tmp_path) as shop:
        said = json.loads(run("gorse.mjs", {"url": shop.url, "key": shop.key}))
        shop.stop()
        with Engine(shop.folder) as engine:
            assert engine.catalogue.count() == 2
        arrived = sorted(names(shop))
    assert said["answers"] == [1, 2, 1, 1, 1, 2, 1, 1]
    assert (said["item"]["ItemId"], said["item"]["Categories"]) == ("S1", ["Dapur"])
    assert [(one["ItemId"], one["IsHidden"]) for one in said["items"]["Items"]] == [("S1", False), ("S2", False)]
    assert said["refused"] == 401
    assert arrived == ["Identified"] * 3 + ["Order Completed", "Product Added to Wishlist", "Product Viewed"]
