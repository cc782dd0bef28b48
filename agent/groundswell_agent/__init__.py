"""The agent: one process, one event loop, one core; it generates its share of the load and reports what it measured."""
