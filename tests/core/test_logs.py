"""Each process sets its logging up once, so each test is one."""

from __future__ import annotations

import json
import re
import subprocess
import sys

_PROGRAM = """
import logging
from groundswell.logs import log_to_stderr

log_to_stderr({format!r}, who={who!r})
log = logging.getLogger("some.module")
log.debug("not shown")
log.info("attached to %s", "here")
try:
    raise ValueError("two\\nlines")
except ValueError:
    log.exception("it \\"failed\\"")
"""


def _logged(log_format: str, who: str = "") -> list[str]:
    program = _PROGRAM.format(format=log_format, who=who)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_text_is_a_time_a_level_and_what_is_said() -> None:
    first, second, *trace = _logged("text", who="agent-1")

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z info agent-1: attached to here", first)
    assert second.endswith('error agent-1: it "failed"')
    assert trace[0].startswith("Traceback")


def test_without_a_name_nobody_is_named() -> None:
    assert _logged("text")[0].endswith("Z info attached to here")


def test_json_is_one_object_a_line_whatever_was_said() -> None:
    first, second = [json.loads(line) for line in _logged("json", who="agent-1")]

    assert first.keys() == {"time", "level", "logger", "agent", "message"}
    assert first["message"] == "attached to here"
    assert (first["level"], first["logger"], first["agent"]) == ("info", "some.module", "agent-1")
    assert "two\nlines" in second["exception"]
