"""What the doctor says, held against files that people have read; see test_console.py."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from rich.cells import cell_len

from groundswell_coordinator.report.doctor import CheckLine, Examination, print_examination

GOLDEN = Path(__file__).with_name("golden")

WELL = (
    CheckLine("test", "ok", "2 scenarios, 5 thresholds"),
    CheckLine("cores", "ok", "2 of 2 may be used; 2 agents"),
    CheckLine("memory", "ok", "22.2 GiB free, about 163 MiB needed"),
    CheckLine("clock", "ok", "tsc, 1 ns"),
    CheckLine(
        "files", "ok", "20,000 files (raised from 1,024) may be open; 55 connections at most"
    ),
    CheckLine("name", "ok", "shop.test is 10.0.0.1, 10.0.0.2, 1.2 ms"),
    CheckLine("connection", "ok", "to shop.test:443, 0.4 ms"),
    CheckLine("tls", "ok", "TLSv1.3, 3.1 ms; certificate valid until 2027-01-31"),
    CheckLine(
        "ports",
        "ok",
        "local ports 32768 to 60999 give 56,464 connections to shop.test:443; 110 at most",
    ),
    CheckLine(
        "speed",
        "ok",
        "200 requests/s planned for each agent, of about 38,000/s that an agent makes here on one"
        " core, of 1 KiB each",
    ),
)
HTTP2 = CheckLine(
    "http",
    "warning",
    "shop.test:443 would speak HTTP/2, and is sent HTTP/1.1",
    "target_http2",
    "it may do worse by it than with the browsers that it has",
)
PLAN = CheckLine("plan", "warning", "browse: 1 of 2 agents have no VU and do nothing", "plan")
FILES = CheckLine(
    "files",
    "error",
    "the plan opens 30,000 connections, and 20,000 files may be open",
    "few_descriptors",
    "raise the hard limit of open files (ulimit -Hn), or use more agents",
)

ALL = {
    "doctor_well": Examination("checkout", 2, WELL),
    "doctor_warned": Examination("checkout", 1, (WELL[0], PLAN, *WELL[1:8], HTTP2, *WELL[8:])),
    "doctor_ill": Examination("checkout", 2, (*WELL[:4], FILES, HTTP2, *WELL[5:])),
}


def printed(name: str) -> str:
    file = io.StringIO()
    print_examination(ALL[name], file)
    return file.getvalue()


@pytest.mark.parametrize("name", ALL)
def test_it_reads_as_in_its_golden_file(name: str) -> None:
    path, text = GOLDEN / f"{name}.txt", printed(name)
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ALL)
def test_eighty_columns_are_enough(name: str) -> None:
    lines = printed(name).splitlines()
    assert max(cell_len(line) for line in lines) <= 80
    assert not any(line.endswith(" ") for line in lines)
