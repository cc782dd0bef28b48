"""How long an agent may load without hearing from its coordinator.

The agent counts from the sending of what was acknowledged last; the coordinator, a little longer,
from its receipt. So whatever the clocks say, an agent has stopped before the coordinator believes
it.
"""

LEASE_S = 5.0
MARGIN_S = 0.25
