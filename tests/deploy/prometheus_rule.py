"""The alerts as the Prometheus operator takes them: `python -m tests.deploy.prometheus_rule` writes them anew."""

from __future__ import annotations

import textwrap

from tests.deploy.promql import RULES
from tests.deploy.renders import KUSTOMIZE

FILE = KUSTOMIZE / "components" / "prometheus-rule" / "prometheus-rule.yaml"
_SPEC = "spec:\n"


def with_rules(text: str) -> str:
    """The object, its spec as the rules say."""
    head = text[: text.index(_SPEC)]
    groups = RULES.read_text()
    return f"{head}{_SPEC}{textwrap.indent(groups[groups.index('groups:') :], '  ')}"


if __name__ == "__main__":
    FILE.write_text(with_rules(FILE.read_text()))
