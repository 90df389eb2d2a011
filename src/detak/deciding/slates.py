"""The slates of some questions of one moment: of ordinary ones by the compiled kernel, where there is one."""

from collections.abc import Callable, Sequence

from detak.deciding.compiled_shop import CompiledShop
from detak.deciding.paging import paged
from detak.deciding.posing import Asker, Posed
from detak.deciding.quick_slates import ordinary, quick
from detak.deciding.shopfront import Front
from detak.deciding.telling import Slated, slated
from detak.kernel.library import library


class Slates:
    """Makes them. One thread at a time."""

    def __init__(self) -> None:
        """With no shop yet."""
        self._shop: CompiledShop | None = None

    def of(self, posed: Sequence[Posed], askers: Sequence[Asker], chance: Callable[[], float]) -> list[list[Slated]]:
        """The slate of each placement of each question. There is a question.

        Args:
            posed: of one moment.
            askers: by question.
            chance: uniform on [0, 1); asked once for each placement of which something may be tried.
        """
        shop = self._compiled(posed[0].moment.front)
        apart = [shop is not None and ordinary(one, shop) for one in posed]
        ways: list[list[list[Slated]]] = [[], []]
        for way in (False, True):
            some = [at for at, told in enumerate(apart) if told == way]
            theirs = [posed[at] for at in some], [askers[at] for at in some]
            if some:
                ways[way] = quick(*theirs, shop, chance) if shop and way else plain(*theirs, chance)
        plainly, quickly = map(iter, ways)
        return [next(quickly if told else plainly) for told in apart]

    def _compiled(self, front: Front) -> CompiledShop | None:
        """The shop as the kernel reads it; made anew with each front."""
        if self._shop is None or self._shop.front is not front:
            kernel = library()
            self._shop = CompiledShop(kernel, front) if kernel else None
        return self._shop


def plain(posed: Sequence[Posed], askers: Sequence[Asker], chance: Callable[[], float]) -> list[list[Slated]]:
    """``Slates.of``, in Python."""
    pages = paged(posed, askers, chance)
    return [[slated(one, asker) for one in some] for some, asker in zip(pages, askers, strict=True)]
