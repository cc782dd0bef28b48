"""How long to wait for a coordinator, and how long before the next attempt.

Under a lease every tenth of a second counts; an agent that has nothing to do waits longer each
time, and never in step with others: a thousand of them would else dial at once when their
coordinator is back.
"""

from __future__ import annotations

# Attempts under a lease begin at most half a second apart.
_LOADED_PATIENCE_S = 0.4
_LOADED_PAUSE_S = 0.1
_PATIENCE_S = 5.0
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 8.0
# Where even a connection takes longer than half a second, the network is slow and not cut.
_HURRIED_ATTEMPTS = 20


class Redial:
    """From one stream to the next; a new one for each that has broken."""

    def __init__(self) -> None:
        self._attempts = 0

    def patience(self, *, loads: bool) -> float:
        """Seconds for the next attempt to connect."""
        self._attempts += 1
        hurried = loads and self._attempts <= _HURRIED_ATTEMPTS
        return _LOADED_PATIENCE_S if hurried else _PATIENCE_S

    def pause(self, luck: float, *, loads: bool) -> float:
        """Seconds until the next attempt; `luck` from 0 to 1 keeps agents apart."""
        if loads:
            return _LOADED_PAUSE_S * luck
        longest = min(_FIRST_PAUSE_S * 2.0 ** min(self._attempts, 10), _LONGEST_PAUSE_S)
        return longest * (0.5 + luck / 2)
