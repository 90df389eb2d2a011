"""What a shop's visitors send, as bodies ready to go: batches of 100 that differ only where they must."""

import random
from typing import Any, Final

import msgspec

BATCH: Final = 100
_VISITORS: Final = 10  # of one batch: each does ten things
_MARK: Final = b"@@@@@@@@"
_AGENT: Final = (
    "Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Mobile Safari/537.36"
)


def templates(count: int, seed: int) -> list[bytes]:
    """``count`` different batches, to be made unique by ``stamp``."""
    rng = random.Random(seed)  # noqa: S311  traffic, not secrets
    return [msgspec.json.encode({"batch": _messages(rng), "sentAt": "2026-11-22T10:00:01.000Z"}) for _ in range(count)]


def single(seed: int) -> bytes:
    """One message of ``/v1/track``, to be made unique by ``stamp``."""
    return msgspec.json.encode(_message(random.Random(seed), 0, "a@@@@@@@@-1"))  # noqa: S311


def question() -> bytes:
    """One question of ``/v1/decide`` for the person that ``stamp`` names, with four placements."""
    placements = [{"name": name, "k": 12} for name in ("home", "banner", "below", "foot")]
    context = {"page": {"path": "/"}, "location": {"city": "Bandung", "region": "Jawa Barat"}}
    return msgspec.json.encode({"userId": person(_MARK.decode()), "placements": placements, "context": context})


def person(mark: str) -> str:
    """What a person that questions are asked for is called."""
    return f"u{mark}"


def stamp(template: bytes, number: int) -> bytes:
    """The body as the ``number``-th of a run: message ids and visitors that no other body has."""
    return template.replace(_MARK, b"%08x" % number)


def _messages(rng: random.Random) -> list[dict[str, Any]]:
    mark = _MARK.decode()
    return [_message(rng, at, f"a{mark}-{at % _VISITORS}") for at in range(BATCH)]


def _message(rng: random.Random, at: int, visitor: str) -> dict[str, Any]:
    product = {
        "product_id": f"P{rng.randrange(5000)}",
        "price": rng.randrange(1, 400) * 500,
        "name": "Kaos polos",
        "category": "Fashion",
    }
    event, properties = rng.choices(
        [
            ("Product Viewed", product),
            ("Product Added", {**product, "quantity": 1}),
            ("Products Searched", {"query": f"kaos {rng.randrange(900)}", "results": rng.randrange(60)}),
            ("Order Completed", {"order_id": f"{_MARK.decode()}{at}", "total": 129_000, "products": [product] * 2}),
        ],
        [70, 12, 15, 3],
    )[0]
    return {
        "type": "track",
        "event": event,
        "messageId": f"{_MARK.decode()}-{at}",
        "anonymousId": visitor,
        "timestamp": "2026-11-22T10:00:00.000Z",
        "context": {
            "userAgent": _AGENT,
            "page": {"path": f"/p/{rng.randrange(5000)}"},
            "consent": {"categoryPreferences": {"analytics": True, "marketing": False}},
        },
        "properties": properties,
    }
