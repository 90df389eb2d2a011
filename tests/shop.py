"""Messages of a small shop, tersely; and strategies that make whole histories of them."""

from typing import Any

from hypothesis import strategies as st

PROVINCES = ("Jawa Barat", "Banten", "Papua")
PAYMENTS = ("COD (Bayar di Tempat)", "Saldo ShopeePay")
REASONS = ("Dibatalkan oleh Pembeli. Alasan: Lainnya", "Dibatalkan oleh Penjual. Alasan: Produk habis")


def consenting(**said: bool) -> dict[str, Any]:
    """A context that says yes or no: ``consenting(analytics=True)``."""
    return {"consent": {"categoryPreferences": said}}


def track(event: str, key: str, *, user: str | None = None, **rest: Any) -> dict[str, Any]:
    """A track message."""
    message: dict[str, Any] = {"type": "track", "event": event, "messageId": key, **rest}
    if user is not None:
        message["userId"] = user
    return message


def order(number: int, key: str, *, user: str | None = None, **properties: Any) -> dict[str, Any]:
    """An Order Completed of one product."""
    told = {
        "order_id": f"O{number}",
        "total": 25_000,
        "currency": "IDR",
        "products": [{"product_id": f"P{number % 3}", "name": f"Barang {number % 3}", "price": 12_500, "quantity": 2}],
        **properties,
    }
    return track("Order Completed", key, user=user, properties=told)


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Orders, cancellations, searches and views of three people, known or on their phones, and of nobody."""
    messages: list[dict[str, Any]] = [
        {**track("Signed In", f"s-{user}", user=user, anonymousId=f"{user}-phone"), "timestamp": "2026-10-01T00:00:00Z"}
        for user in ("ani", "budi", "citra")
    ]
    for number in range(draw(st.integers(4, 14))):
        user: str | None = draw(st.sampled_from(["ani", "budi", "citra", None]))
        phone = {"anonymousId": f"{user}-phone"} if user and draw(st.booleans()) else {}
        named = None if phone and draw(st.booleans()) else user
        day, hour = draw(st.integers(1, 28)), draw(st.integers(0, 23))
        when = f"2026-10-{day:02d}T{hour:02d}:15:00Z"
        told = {"province": draw(st.sampled_from(PROVINCES)), "payment_method": draw(st.sampled_from(PAYMENTS))}
        kind = draw(st.sampled_from(["order", "cancelled", "search", "view"]))
        made = order(number, f"m{number}", user=named, **told)
        if kind == "search":
            made = track("Products Searched", f"m{number}", user=named, properties={"query": "mangkok", "results": 0})
        if kind == "view":
            made = track(
                "Product Viewed", f"m{number}", user=named, properties={"product_id": "P1", "name": "Barang 1"}
            )
        messages.append({**made, **phone, "timestamp": when})
        if kind == "cancelled":
            reason = {"order_id": f"O{number}", "reason": draw(st.sampled_from(REASONS))}
            messages.append(
                {**track("Order Cancelled", f"c{number}", user=named, properties=reason), "timestamp": when}
            )
    return messages
