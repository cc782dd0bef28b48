"""Steps, compiled once per scenario into objects that a VU awaits: one kind, one file.

Nothing here is looked up, formatted or allocated per request that can be prepared.
"""

from groundswell_agent.engine.steps.compiling import compile_steps
from groundswell_agent.engine.steps.scope import CompiledStep, Scope

__all__ = ["CompiledStep", "Scope", "compile_steps"]
