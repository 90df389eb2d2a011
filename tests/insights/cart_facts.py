"""Visits with a cart by hand: how far each came, and what showed on its way."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from tests.facts import Told

BEGIN = datetime(2025, 3, 3, 5)
STEPS = ("address", "delivery", "paying", "ordered")


def visit(told: Told, subject: int, begin: datetime = BEGIN, *, until: str = "ordered", **shown: Any) -> None:
    """A cart of a person that came to ``until``: cart, seen, address, delivery, paying, ordered.

    ``shown``: value, shipping (None: not said), load (None: not said), chat, sorted, gone, denied, failed, province.
    """
    ids = {"subject": subject, "province": shown.get("province"), "currency": "IDR"}
    cart = f"C{subject}-{begin:%m%d%H%M}"
    value = shown.get("value", 100_000)
    at = [begin]

    def say(event: str, **columns: Any) -> None:
        at[0] += timedelta(seconds=20)
        told.event(event, time=at[0], **ids, **columns)

    say("Product Viewed", properties='{"load_ms":1500}')
    say(
        "Product Added",
        quantity=1.0,
        items=[{"product_id": "p", "category": "Sepatu", "price": value, "quantity": 1.0}],
    )
    if until == "cart":
        return
    say(
        "Cart Viewed",
        cart_id=cart,
        amount=value,
        properties='{"availability":"out_of_stock"}' if shown.get("gone") else None,
    )
    if shown.get("sorted"):
        say("Product List Filtered", properties='{"sorts":[{"type":"price","value":"asc"}]}')
    if shown.get("chat"):
        say("Chat Opened")
    if until != "seen":
        _checkout(say, STEPS.index(until), cart, value, shown)


def _checkout(say: Any, reached: int, cart: str, value: int, shown: dict[str, Any]) -> None:
    here = {"checkout_id": f"K{cart}"}
    load = shown.get("load", 1_000)
    say("Checkout Started", cart_id=cart, amount=value, **here)
    timed = f',"load_ms":{load}' if load is not None else ""
    say("Checkout Step Viewed", properties=f'{{"step":1{timed}}}', **here)
    if reached >= 1:
        shipping = shown.get("shipping", 9_000)
        say("Checkout Step Viewed", properties='{"step":2}', amount=value, shipping_cost=shipping, **here)
        if shown.get("denied"):
            say("Coupon Entered", coupon="HEMAT", **here)
            say("Coupon Denied", coupon="HEMAT", reason="habis", **here)
    if reached >= 2:
        say("Payment Info Entered", payment="OVO", properties='{"step":3}', **here)
        if shown.get("failed"):
            say("Payment Failed", payment="OVO", properties='{"step":3}', reason="saldo", **here)
    if reached >= 3:
        say("Order Completed", order_id=f"O{cart}", cart_id=cart, amount=value, **here)


def shop(carts: int, seed: int = 1) -> Told:
    """A shop in which dear shipping, and failed payments, each take half of those whom they meet; nothing else does.

    The province decides on what shipping costs and, by itself, on who only looks: far people look more.
    """
    random, told = np.random.default_rng(seed), Told()
    for number in range(carts):
        far, failed, chat = (bool(one) for one in random.random(3) < (0.5, 0.3, 0.3))
        dear = random.random() < (0.8 if far else 0.2)
        looks = random.random() < (0.5 if far else 0.1)
        leaves = {"seen": looks, "delivery": dear and random.random() < 0.5, "paying": failed and random.random() < 0.5}
        until = next((step for step, left in leaves.items() if left), "ordered")
        shown = {"shipping": 30_000 if dear else 9_000, "failed": failed, "chat": chat}
        begin = BEGIN + timedelta(hours=int(random.integers(0, 1_000)))
        visit(told, number, begin, until=until, province="Papua" if far else "Banten", **shown)
    return told
