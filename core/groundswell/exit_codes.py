"""The exit codes of every command. k6's numbers where k6 has one; 96 is ours."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a process that ran groundswell tells its parent.

    Where several apply, `worst` picks: 109, 107, 105/103, 99, 101, 96.
    """

    OK = 0
    ERROR = 1
    USAGE = 2
    INCONCLUSIVE = 96
    FAIL = 99
    SETUP_FAILED = 100
    TEARDOWN_FAILED = 101
    NO_AGENTS = 102
    STOPPED_BY_OPERATOR = 103
    INVALID_TEST = 104
    INTERRUPTED = 105
    COORDINATOR_UNREACHABLE = 106
    SCRIPT_EXCEPTION = 107
    INTERNAL = 109


_PRECEDENCE = (
    ExitCode.INTERNAL,
    ExitCode.SCRIPT_EXCEPTION,
    ExitCode.INTERRUPTED,
    ExitCode.STOPPED_BY_OPERATOR,
    ExitCode.FAIL,
    ExitCode.TEARDOWN_FAILED,
    ExitCode.INCONCLUSIVE,
)


def worst(codes: "set[ExitCode]") -> ExitCode:
    """The one code for a run that several apply to; a code without a rank goes before all ranked ones."""
    unranked = codes - set(_PRECEDENCE) - {ExitCode.OK}
    if unranked:
        return max(unranked)
    return next((code for code in _PRECEDENCE if code in codes), ExitCode.OK)
