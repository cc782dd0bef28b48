"""Stored runs whose parts contradict each other: no run of ours does, but files come from anywhere."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError, StoreFailed

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def contradictions(run_id: str) -> Generator[None]:
    """Around whatever is worked out of a stored run. Raises StoreFailed where that cannot be done."""
    try:
        yield
    except GroundswellError:
        raise
    except (ValueError, LookupError, TypeError, ArithmeticError, AttributeError) as error:
        raise StoreFailed(
            f"what is stored of run {run_id} contradicts itself: {type(error).__name__}: {error}",
            hint="where it was imported, export it again from where it was measured",
        ) from error
