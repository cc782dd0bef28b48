"""Why running iterations are being cancelled, which decides how their requests count."""

from __future__ import annotations

from enum import Enum


class Cut(Enum):
    """The engine's own two reasons to cancel."""

    GRACE = "grace"  # the graceful stop ran out: the request failed, error:interrupted
    ABORT = "abort"  # somebody ended the run: the request was sent, and nothing more is known of it
