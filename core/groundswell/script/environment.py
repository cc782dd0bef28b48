"""The variables of a test in Python: the same in the client that declares it and on every agent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from groundswell.errors import GroundswellError
from groundswell.exit_codes import ExitCode


class MissingVariable(GroundswellError, KeyError):
    """The test asks for a variable that nobody has set."""

    exit_code = ExitCode.INVALID_TEST


class Environment(Mapping[str, str]):
    """Reads like `os.environ`. It holds those of the client's variables that the test's files name,
    as in `env["TOKEN"]` or `env.get("TOKEN")`: they travel with the test.
    """

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        # What the module has read: what of it gets into the declaration is a template there.
        self.read: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        try:
            value = self._values[name]
        except KeyError:
            hint = f"pass -e {name}=…, set it, or write env.get({name!r}, '…')"
            message = f"the environment variable {name} is not set"
            raise MissingVariable(message, hint=hint) from None
        self.read[name] = value
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        # Never the values: they may be secrets.
        return f"<env: {', '.join(sorted(self._values))}>"

    def fill(self, values: Mapping[str, str]) -> None:
        """Set by whoever loads a test, before its code runs."""
        self._values = dict(values)
        self.read = {}


env = Environment()
