"""The bands that quantities and hours are compared in."""

import ibis
import ibis.expr.types as ir

_QUANTITIES = ((1, "1"), (2, "2"), (5, "3–5"), (10, "6–10"), (50, "11–50"))
_HOURS = ((5, "00–05"), (10, "06–10"), (14, "11–14"), (17, "15–17"))


def quantity_band(quantity: ir.NumericColumn) -> ir.StringColumn:
    """``1``, ``2``, ``3–5``, ``6–10``, ``11–50``, ``51+``; null where the quantity is unknown."""
    return _band(quantity, _QUANTITIES, "51+")


def hour_band(hour: ir.NumericColumn) -> ir.StringColumn:
    """``00–05`` (both hours within) to ``18–23``: night, morning, midday, afternoon, evening; null where unknown."""
    return _band(hour, _HOURS, "18–23")


def _band(column: ir.NumericColumn, bounds: tuple[tuple[int, str], ...], beyond: str) -> ir.StringColumn:
    branches = [(column <= bound, name) for bound, name in bounds]
    return ibis.cases((column.isnull(), ibis.null("string")), *branches, else_=beyond)
