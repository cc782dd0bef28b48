"""groundswell: many small agents, one wave. The shared core: tests, schedules, metrics, verdicts, the wire."""

__version__ = "0.1.0"
