"""Many questions at once, against the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell_coordinator.compare.many import adjusted, discoveries

chances = st.lists(st.floats(0, 1), max_size=12)


@given(chances, st.floats(0.01, 0.2))
def test_what_holds_is_what_the_step_up_rule_lets_hold(asked: list[float], level: float) -> None:
    ordered = sorted(asked)
    ranks = [k for k in range(1, len(asked) + 1) if ordered[k - 1] <= level * k / len(asked)]
    limit = ordered[max(ranks) - 1] if ranks else -1.0
    found = discoveries(asked, level)
    assert sum(found) == (max(ranks) if ranks else 0)
    assert all(chance <= limit for chance, holds in zip(asked, found, strict=True) if holds)


@given(chances, st.floats(0.01, 0.2))
def test_what_is_adjusted_is_refused_where_the_step_down_rule_stops(
    asked: list[float], level: float
) -> None:
    ordered, passed = sorted(asked), 0
    while passed < len(asked) and ordered[passed] <= level / (len(asked) - passed):
        passed += 1
    after = adjusted(asked)
    close = any(abs(one - level) < 1e-9 for one in after)
    assert close or sum(one <= level for one in after) == passed
    assert all(other >= one for one, other in zip(asked, after, strict=True))


def test_of_nothing_but_chance_few_comparisons_find_anything() -> None:
    random = np.random.default_rng(4)
    found = sum(any(discoveries(random.random(40).tolist(), 0.05)) for _ in range(2000))
    assert found / 2000 == pytest.approx(0.05, abs=0.015)
    refused = sum(min(adjusted(random.random(3).tolist())) <= 0.05 for _ in range(2000))
    assert refused / 2000 == pytest.approx(0.05, abs=0.015)
