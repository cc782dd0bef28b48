"""What `500m` and `1Gi` are in cores and bytes."""

from __future__ import annotations

import re
from decimal import Decimal

from tests.deploy.manifests import NotUnderstood

_FORM = re.compile(r"(\d+(?:\.\d+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?")
_FACTORS = {
    "m": Decimal("0.001"),
    "": Decimal(1),
    **{unit: Decimal(1000) ** (power + 1) for power, unit in enumerate(("k", "M", "G", "T"))},
    **{unit: Decimal(1024) ** (power + 1) for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti"))},
}


def amount(text: str | int) -> Decimal | None:
    """Cores or bytes; None where it is no quantity."""
    found = _FORM.fullmatch(str(text))
    return None if found is None else Decimal(found[1]) * _FACTORS[found[2] or ""]


def quantity(text: str | int) -> Decimal:
    """Cores or bytes; raises NotUnderstood where it is no quantity."""
    found = amount(text)
    if found is None:
        raise NotUnderstood(f"quantity {text!r}")
    return found
