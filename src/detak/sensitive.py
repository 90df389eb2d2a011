"""Products that tell of health, faith, sexuality or politics. This is the one place that says which they are.

Wherever products are chosen for a person (``Answering``, and the pages of decisions) the same holds: what somebody
touched of them chooses nothing, and nobody is chosen for them. In what is the same for everybody they may stand.
"""

from collections.abc import Iterable, Mapping

from detak.catalogue import Product


def sensitive_products(products: Mapping[str, Product], categories: Iterable[str]) -> frozenset[str]:
    """The products of which any step of the category path is one of these, in capitals or not."""
    names = {one.casefold() for one in categories}
    known: dict[tuple[str, ...], bool] = {(): False}
    found = []
    for one in products.values():
        path = tuple(one.category or ())
        told = known.get(path)
        if told is None:
            told = known[path] = not names.isdisjoint(step.casefold() for step in path)
        if told:
            found.append(one.id)
    return frozenset(found)
