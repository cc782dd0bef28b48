"""That a run had more series than are kept apart: what is said of one of them may not be all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.metrics.folding import FOLDED_ROOM, MAX_SERIES, OTHER, is_folded
from groundswell.verdict.run_warning import RunWarning

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from groundswell.metrics.series import Series


def folded_warnings(series: Collection[Series]) -> Iterator[RunWarning]:
    """One, if any, of all series of a run."""
    if is_folded(series):
        yield RunWarning(
            "series_folded",
            f"there were more than {MAX_SERIES - FOLDED_ROOM} series, so further names are counted as"
            f" name:{OTHER}: a threshold on a single name may have missed some of it (give steps that"
            " differ in their path alone one name)",
        )
