"""One decoder under inputs until its time is up: `python -m tests.fuzz.worker NAME SECONDS SEED FLIGHT`."""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from tests.fuzz.decoders import all_decoders
from tests.fuzz.flight import Flight
from tests.fuzz.mutation import an_input

# A machine that is busy with something else holds it, too. Whoever takes that long has no end.
_LONGEST_S = 20
_WARM_UP = 0.1


@dataclass(slots=True)
class Account:
    """Memory is what the process has of it, after the first tenth of its time and at the end."""

    inputs: int = 0
    refused: int = 0
    slowest_ms: float = 0.0
    rss_before_mib: float = 0.0
    rss_after_mib: float = 0.0


def work(name: str, seconds: float, seed: int, flight: Flight) -> Account:
    decoder, account = all_decoders()[name], Account()
    begin = time.monotonic()
    while (now := time.monotonic()) < begin + seconds:
        if not account.rss_before_mib and now > begin + _WARM_UP * seconds:
            account.rss_before_mib = _rss_mib()
        # By its number, an input can be made again.
        data = an_input(decoder, Random(f"{seed}/{account.inputs}"))
        flight.note(data)
        signal.alarm(_LONGEST_S)
        started = time.process_time()
        account.refused += decoder.refuses(data)
        account.slowest_ms = max(account.slowest_ms, (time.process_time() - started) * 1e3)
        account.inputs += 1
    signal.alarm(0)
    account.rss_after_mib = _rss_mib()
    account.rss_before_mib = account.rss_before_mib or account.rss_after_mib
    return account


def _rss_mib() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    found = work(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), Flight(Path(sys.argv[4])))
    json.dump(asdict(found), sys.stdout)
