"""Reports as they stand in the store, which may have come from another machine in a run's file."""

from __future__ import annotations

from google.protobuf.message import DecodeError

from groundswell.errors import StoreFailed
from groundswell.v1.metrics_pb2 import Report


def report_of(data: bytes) -> Report:
    """Raises StoreFailed where the bytes are none."""
    try:
        return Report.FromString(data)
    except DecodeError as error:
        raise StoreFailed(
            f"a second of the run is damaged: {error}",
            hint="where it was imported, export it again from where it was measured",
        ) from error
