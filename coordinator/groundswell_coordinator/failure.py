"""A GroundswellError on its way from the coordinator to a client: raised there again as what it was.

    service: async with refusals(context): …       client: raise error_of(status, "127.0.0.1:9700")

What a proxy or a broken connection says has no such trailer; that is how the two are told apart.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
from google.protobuf.message import DecodeError

from groundswell.errors import (
    CoordinatorRefuses,
    CoordinatorUnreachable,
    FilesMissing,
    FileUnavailable,
    GroundswellError,
    InvalidConfiguration,
    InvalidTest,
    InvalidThreshold,
    InvalidUnit,
    NotAuthenticated,
    NotEnoughAgents,
    Problem,
    ProtocolViolation,
    StoreFailed,
    UnknownRun,
)
from groundswell.exit_codes import ExitCode
from groundswell.v1 import control_pb2
from groundswell_coordinator.peer import peer_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

_log = logging.getLogger(__name__)

Context = grpc.aio.ServicerContext[Any, Any]

KEY = "groundswell-failure-bin"
# Trailing metadata is no place for books, though a test may have a hundred problems.
_LONGEST_TEXT = 1000
_MOST_PROBLEMS = 20
_LAST_WRITE_S = 0.1
METADATA_OPTIONS = (("grpc.max_metadata_size", 256 * 1024),)

_KINDS: dict[str, type[GroundswellError]] = {
    kind.__name__: kind
    for kind in (
        GroundswellError,
        InvalidUnit,
        InvalidThreshold,
        InvalidConfiguration,
        CoordinatorRefuses,
        CoordinatorUnreachable,
        NotAuthenticated,
        FileUnavailable,
        FilesMissing,
        NotEnoughAgents,
        UnknownRun,
        ProtocolViolation,
        StoreFailed,
    )
}

# What grpc says of a connection that broke, depending on where in a call it did.
_GONE = frozenset(
    (
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    )
)


class NotYet(GroundswellError):
    """The coordinator cannot answer now and soon will: whoever asks again is answered."""


class CoordinatorFailed(GroundswellError):
    """The coordinator met an error of its own."""

    exit_code = ExitCode.INTERNAL


class CoordinatorGone(CoordinatorUnreachable):
    """Nobody answers, or not yet: trying again may help."""


_CODES: dict[type[GroundswellError], grpc.StatusCode] = {
    InvalidTest: grpc.StatusCode.INVALID_ARGUMENT,
    InvalidUnit: grpc.StatusCode.INVALID_ARGUMENT,
    ProtocolViolation: grpc.StatusCode.INVALID_ARGUMENT,
    UnknownRun: grpc.StatusCode.NOT_FOUND,
    StoreFailed: grpc.StatusCode.INTERNAL,
    NotYet: grpc.StatusCode.UNAVAILABLE,
    CoordinatorRefuses: grpc.StatusCode.PERMISSION_DENIED,
    NotAuthenticated: grpc.StatusCode.UNAUTHENTICATED,
}


@asynccontextmanager
async def refusals(context: Context) -> AsyncGenerator[None]:
    """Around the whole of a call: what is raised in it becomes its status."""
    try:
        yield
    except GroundswellError as error:
        await abort(context, error)
    except (grpc.aio.AbortError, grpc.RpcError):
        raise
    except Exception:
        _log.exception("a call of %s failed", peer_of(context))
        await abort(context, CoordinatorFailed("the coordinator failed", hint="see its log"))


async def abort(context: Context, error: GroundswellError) -> NoReturn:
    """End the call with what was raised."""
    code = _CODES.get(type(error), grpc.StatusCode.FAILED_PRECONDITION)
    await context.abort(code, _short(str(error)), ((KEY, to_wire(error).SerializeToString()),))


async def let_write() -> None:
    """Before a stream of the client's is refused.

    grpc's client calls it an "Internal error from Core" when the stream ends under a write of its own,
    and then the reason is lost: so the write that offended may come to its end first.
    """
    await asyncio.sleep(_LAST_WRITE_S)


def to_wire(error: GroundswellError) -> control_pb2.Failure:
    failure = control_pb2.Failure(
        kind=type(error).__name__,
        message=_short(error.message),
        hint=_short(error.hint or ""),
        exit_code=error.exit_code,
    )
    if isinstance(error, InvalidTest):
        failure.problems.extend(_problems(error))
    return failure


def from_wire(failure: control_pb2.Failure) -> GroundswellError:
    """As it was raised; one of a class that this side does not know keeps its exit code."""
    hint = failure.hint or None
    if failure.problems:
        return InvalidTest(
            [
                Problem(one.file, one.line, one.column, one.message, one.hint or None)
                for one in failure.problems
            ]
        )
    kind = _KINDS.get(failure.kind)
    if kind is not None:
        return kind(failure.message, hint=hint)
    error = GroundswellError(failure.message, hint=hint)
    error.exit_code = _exit_code(failure.exit_code)  # type: ignore[misc]  # an instance's own
    return error


def failure_of(status: grpc.aio.AioRpcError) -> control_pb2.Failure | None:
    """What the coordinator itself said, if it did."""
    for key, value in status.trailing_metadata() or ():
        if key == KEY and isinstance(value, bytes):
            try:
                return control_pb2.Failure.FromString(value)
            except DecodeError:
                return None
    return None


def error_of(status: grpc.aio.AioRpcError, address: str) -> GroundswellError:
    """What to raise for a call that failed; CoordinatorGone where trying again may help."""
    failure = failure_of(status)
    if failure is None:
        return _unreachable(status, address)
    if failure.kind == NotYet.__name__:
        return CoordinatorGone(failure.message, hint=failure.hint or None)
    return from_wire(failure)


def _unreachable(status: grpc.aio.AioRpcError, address: str) -> CoordinatorUnreachable:
    said = _reason(status.details() or status.code().name)
    if status.code() is grpc.StatusCode.UNIMPLEMENTED:
        return CoordinatorUnreachable(
            f"the coordinator at {address} does not know this: {said}",
            hint="is it an older groundswell, or another service?",
        )
    if status.code() in _GONE:
        return CoordinatorGone(
            f"no coordinator answers at {address}: {said}",
            hint="`groundswell coordinator` starts one",
        )
    return CoordinatorUnreachable(f"the coordinator at {address} refuses: {said}")


def _reason(details: str) -> str:
    """grpc says where in itself it heard of it; what follows the last colon is what happened."""
    if "http1.x server" in details:
        return "what listens there speaks HTTP/1, not gRPC"
    if details.startswith("failed to connect to all addresses"):
        details = details.rpartition(": ")[2]
    return _short(details[:1].lower() + details[1:])


def _problems(error: InvalidTest) -> Iterator[control_pb2.Problem]:
    for problem in error.problems[:_MOST_PROBLEMS]:
        yield control_pb2.Problem(
            file=_short(problem.file),
            line=problem.line,
            column=problem.column,
            message=_short(problem.message),
            hint=_short(problem.hint or ""),
        )
    if (more := len(error.problems) - _MOST_PROBLEMS) > 0:
        yield control_pb2.Problem(file=error.problems[0].file, message=f"and {more} more problems")


def _exit_code(number: int) -> ExitCode:
    """What is refused did not go well, whatever number says so."""
    try:
        return ExitCode(number) or ExitCode.ERROR
    except ValueError:
        return ExitCode.ERROR


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"
