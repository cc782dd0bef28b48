"""A process that runs the file of a test once, up to what it declares, and then ends.

    python -P -m groundswell.script.evaluation      a question on standard input, the answer on output

Whatever the code does (print, exit, start threads, never come back) it does here, and not in the
client, which has a coordinator in it.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import sys
from typing import Any

from groundswell.errors import InvalidTest
from groundswell.files.named import inner_path
from groundswell.scenario.bundle import Bundle
from groundswell.script.declaration import as_json
from groundswell.script.environment import env
from groundswell.script.loading import Code
from groundswell.script.metrics import declared
from groundswell.script.writing import Writer


def evaluated(name: str, text: bytes, variables: dict[str, str]) -> bytes:
    """The declaration of a bundle; InvalidTest where its code raises, or declares no test."""
    code = Code(name, text, variables)
    test = code.test()
    first_lines = {
        inner_path(name, path): part.first_line for path, part in Bundle.of(text).parts.items()
    }
    return as_json(Writer(code.files, first_lines, env.read).test(test, declared))


def main() -> None:
    # Ctrl-C is for the client, which ends us.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    question = json.load(sys.stdin)
    out = os.fdopen(os.dup(1), "wb")
    # What the code prints is for people, and people look at standard error.
    os.dup2(2, 1)
    out.write(json.dumps(_answer(question)).encode())
    for stream in (out, sys.stdout, sys.stderr):
        stream.flush()
    # Threads that the code has started must not keep us.
    os._exit(0)


def _answer(question: dict[str, Any]) -> dict[str, Any]:
    text = base64.b64decode(question["text"])
    try:
        declared = evaluated(question["name"], text, question["env"])
    except InvalidTest as error:
        fields = ("file", "line", "column", "message", "hint")
        return {"problems": [[getattr(one, key) for key in fields] for one in error.problems]}
    return {"declared": declared.decode()}


if __name__ == "__main__":
    main()
