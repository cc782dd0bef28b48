"""A run with more names than are kept apart says so, and loses no request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.writing import iterations, write_test

if TYPE_CHECKING:
    from tests.e2e.commands import Groundswell
    from tests.nginx_server import NginxServer


@pytest.mark.parametrize(("names", "folded"), [(60, False), (90, True)])
def test_above_900_series_new_names_are_other_and_the_summary_says_so(
    groundswell: Groundswell, nginx: NginxServer, names: int, folded: bool
) -> None:
    steps = [{"get": f"/{number}"} for number in range(names)]
    test = write_test(
        groundswell.folder, nginx.url, {"many": iterations(2, "/", vus=1, steps=steps)}
    )
    ran = groundswell.run(test)
    warned = [
        warning.message for warning in ran.summary.warnings if warning.code == "series_folded"
    ]
    assert len(warned) == folded
    assert all("name:other" in message for message in warned)
    assert ran.count("http_reqs") == 2 * names
