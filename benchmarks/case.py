"""What is measured against wrk: one row of the table each."""

from __future__ import annotations

from dataclasses import dataclass

# Names of steps, so that an agent has that many times the dozen series of one.
_NAMES = 20
_NAMED = ", ".join(f"{{get: /page, name: page {number}}}" for number in range(_NAMES))
_TEMPLATES = '{get: "/page?n={{ iteration }}", name: page, headers: {X-VU: "{{ vu }}"}, check: {status: 200}}'
_CHECKED = "{get: /page, check: {status: 200}}"


@dataclass(frozen=True, slots=True)
class Case:
    """`users` VUs of one agent, or as many connections of wrk, or users of Locust.

    `steps` are an agent's, as in a test file; the others ask for `path`. With a `rate` an agent's
    iterations arrive, so many a second, and `users` is only the most VUs.
    """

    name: str
    users: int
    steps: str = "{get: /page}"
    path: str = "/page"
    scheme: str = "http"
    rate: int = 0

    @property
    def load(self) -> str:
        """The executor, as in a test file."""
        if self.rate:
            return f"executor: constant-arrival-rate, rate: {self.rate}/s, max_vus: {self.users}"
        return f"executor: constant-vus, vus: {self.users}"


MAIN = Case("1 KiB, 64 VUs", 64)
TEMPLATES = Case("1 KiB, 64 VUs, two templates and a status check", 64, _TEMPLATES)
CASES = (
    MAIN,
    Case("1 KiB, 64 VUs, a status check", 64, _CHECKED),
    TEMPLATES,
    Case(f"1 KiB, 64 VUs, {_NAMES} names ({_NAMES * 12} series)", 64, _NAMED),
    Case("1 KiB, 1 VU", 1),
    Case("1 KiB, 1,000 VUs", 1000),
    Case("1 KiB, 20,000 arrivals/s, up to 500 VUs", 500, rate=20_000),
    Case("1 MiB, 16 VUs", 16, "{get: /large}", "/large"),
    Case("https, 1 KiB, 64 VUs", 64, scheme="https"),
    Case("https, 1 MiB, 16 VUs", 16, "{get: /large}", "/large", "https"),
)
# Locust is not measured in all of them: it is far from the others in each.
LOCUST_TOO = (MAIN, CASES[5], CASES[8])
