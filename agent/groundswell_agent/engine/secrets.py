"""`{{ secret.NAME }}`: what only the agent's machine knows. It leaves this process in requests alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError
from groundswell.exit_codes import ExitCode
from groundswell.scenario.expressions import SECRET, Name

if TYPE_CHECKING:
    from groundswell.scenario.expressions import Expression, Text

# Set by `--secrets-dir`, and so it reaches every process of an agent.
DIRECTORY_VARIABLE = "GROUNDSWELL_SECRETS_DIR"

# A secret is a word or a key, not a file of data.
_LARGEST = 64 * 1024


# What has been read in this process: whoever tells what is sent leaves it out.
_read: set[str] = set()


class MissingSecret(GroundswellError):
    """The test names a secret that this agent does not have. Its value is never in a message."""

    exit_code = ExitCode.INVALID_TEST


def secrets_read() -> frozenset[str]:
    """All that `read_secret` has given in this process."""
    return frozenset(_read)


def read_secret(name: str) -> str:
    """The file of that name in the secrets' folder, if there is one, else the environment's
    variable. A line end at the file's end is none of it.
    """
    secret = _found(name)
    _read.add(secret)
    return secret


def _found(name: str) -> str:
    if (directory := os.environ.get(DIRECTORY_VARIABLE)) is not None:
        found = _in_file(Path(directory) / name, name)
        if found is not None:
            return found
    value = os.environ.get(name)
    if value is None:
        raise MissingSecret(
            f"the secret {name} is not here",
            hint=f"set {name} in the agent's environment, or put a file of that name into its"
            " --secrets-dir",
        )
    return value


def _in_file(path: Path, name: str) -> str | None:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise MissingSecret(f"the secret {name} is longer than 64 KiB")
        return data.decode().removesuffix("\n").removesuffix("\r")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MissingSecret(
            f"the secret {name} cannot be read: {error.strerror}", hint="look at its permissions"
        ) from None
    except UnicodeDecodeError:
        raise MissingSecret(f"the secret {name} is not UTF-8 text") from None


def filled(text: Text) -> str:
    """What is said once for a run, with its secrets in it."""
    if isinstance(text, str):
        return text
    return "".join(part if isinstance(part, str) else _secret(part) for part in text.parts)


def _secret(part: Expression) -> str:
    # The loader lets nothing else through to where this is asked for.
    assert isinstance(part, Name)
    assert part.root == SECRET
    return read_secret(str(part.path[0]))
