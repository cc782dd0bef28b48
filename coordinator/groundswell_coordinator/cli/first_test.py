"""The test that `groundswell init` writes: it runs, and its comments say what to change."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from groundswell.units import format_duration, parse_duration, parse_rate
from groundswell_coordinator.importers.draft import literal
from groundswell_coordinator.importers.yaml_text import printable
from groundswell_coordinator.importers.yaml_text import text as yaml_text

if TYPE_CHECKING:
    from pathlib import PurePath

_TEST = """\
# A first load test. Look through it, then:
#
#   groundswell validate {file}    says all that is wrong with it
#   groundswell run {file}         loads {target}
#
# Load only what you may load. -e BASE_URL=… or --target loads another address.

test: {name}
target: "{{{{ env.BASE_URL | default('{target}') }}}}"

# From the start of the run: measured, but not judged. Connections are made in it.
warmup: {warmup}

defaults:
  timeout: 10s

scenarios:
  visitors:
    # Iterations start at this rate, however long the target takes to answer, as visitors do.
    # Others: ramping-arrival-rate (stages, or a profile), constant-vus, ramping-vus and two more.
    executor: constant-arrival-rate
    rate: {rate}
    duration: {duration}
    max_vus: {max_vus} # an arrival that finds all of them busy is dropped, and counted
    # What one visitor does, one step after the other.
    steps:
      - get: /
        name: start # what reports call it
        check: {{status: 2xx}}
      # - pause: 1s..3s
      # - post: /login
      #   json: {{user: me, password: "{{{{ env.PASSWORD }}}}"}}
      #   capture: {{token: $.token}}
      #   check: {{status: 200}}
      # - get: /account
      #   auth: {{bearer: "{{{{ token }}}}"}}

# All of these must hold, or the verdict is FAIL and the exit code 99.
thresholds:
  http_req_failed: [rate < 1%]
  http_req_duration: [p(95) < 500ms]
  checks: [rate > 99%]
  dropped_iterations: [count == 0]
"""
# Room for iterations that take two seconds, and for a slow start.
_VUS_PER_RATE = 2
_FEWEST_VUS, _MOST_VUS = 50, 10_000_000
# Says nothing of what the test is about.
_USUAL_NAME = "test"
_LONGEST_WARMUP = Fraction(10)


@dataclass(frozen=True, slots=True)
class FirstTest:
    """`target`, `rate` and `duration` are as a test says them, and right."""

    target: str
    rate: str
    duration: str

    def text(self, file: PurePath) -> str:
        duration = parse_duration(self.duration)
        # In whole milliseconds; a run of moments has none.
        warmup = min(_LONGEST_WARMUP, Fraction(int(duration * 100), 1000))
        vus = min(_MOST_VUS, max(_FEWEST_VUS, math.ceil(parse_rate(self.rate) * _VUS_PER_RATE)))
        # A quote would end the default in which it stands.
        target = self.target.rstrip("/").replace("'", "%27")
        host = urlsplit(target).hostname or _USUAL_NAME
        return _TEST.format(
            file=printable(file.name),
            target=target,
            name=yaml_text(literal(host if file.stem == _USUAL_NAME else printable(file.stem))),
            warmup=format_duration(warmup),
            rate=self.rate,
            duration=self.duration,
            max_vus=vus,
        )
