"""What `run --kubernetes` stands on besides groundswell itself, looked at before anything begins."""

from __future__ import annotations

from importlib.util import find_spec

from groundswell.errors import InvalidConfiguration


def check_needed() -> None:
    """Raises InvalidConfiguration where lightkube is not installed."""
    if find_spec("lightkube") is None:
        raise InvalidConfiguration(
            "--kubernetes needs lightkube, which is not installed",
            hint="pip install 'groundswell[kubernetes]'",
        )
