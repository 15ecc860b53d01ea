"""What can go wrong: one exception for each error type of the protocol, and four of the client's own.

    UnmaskError
    ├── ConnectionFailed, ProtocolError, CallTimeout     no answer came, or none that can be read
    ├── ServerFailed                                     `local` has no server to give
    └── ServiceError                                     the server's answer; `type` is the protocol's
        └── ImageError                                   of the types that end one image
"""

from __future__ import annotations

from typing import Any


class UnmaskError(Exception):
    """Everything that this package raises, save for wrong arguments."""


class ConnectionFailed(UnmaskError, ConnectionError):
    """Nobody answers at the address, or the connection ended before the answer came."""


class ProtocolError(UnmaskError):
    """What came is not an answer of an Unmask server."""


class CallTimeout(UnmaskError, TimeoutError):
    """No answer came within the caller's time. The server was told to drop the request."""


class ServerFailed(UnmaskError):
    """`local` found no program, or the server that it started has ended; the message has what it said."""


class ServiceError(UnmaskError):
    """An error that the server gave, for a request or for one image. A type that this version does not know is one of
    these and no subclass."""

    type = ""

    def __init__(self, type: str, code: int, message: str, retry_after_ms: int | None = None) -> None:
        super().__init__(f"{type}: {message}")
        self.type = type
        self.code = code
        self.message = message
        self.retry_after_ms = retry_after_ms
        """With `overloaded`: when to try again."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (self.__class__, (self.type, self.code, self.message, self.retry_after_ms))


class ParseError(ServiceError):
    type = "parse_error"


class InvalidRequest(ServiceError):
    type = "invalid_request"


class UnknownMethod(ServiceError):
    type = "unknown_method"


class InvalidParams(ServiceError):
    type = "invalid_params"


class InternalError(ServiceError):
    type = "internal"


class LineTooLong(ServiceError):
    type = "line_too_long"


class PayloadTooLarge(ServiceError):
    type = "payload_too_large"


class Overloaded(ServiceError):
    type = "overloaded"


class DeadlineExceeded(ServiceError):
    type = "deadline_exceeded"


class Cancelled(ServiceError):
    type = "cancelled"


class ShuttingDown(ServiceError):
    type = "shutting_down"


class ModelNotFound(ServiceError):
    type = "model_not_found"


class Unauthorized(ServiceError):
    type = "unauthorized"


class RowNotFound(ServiceError):
    type = "row_not_found"


class ImageError(ServiceError):
    """An image cannot be used; the others of its request are not affected."""


class ImageDecodeFailed(ImageError):
    type = "image_decode_failed"


class ImageTruncated(ImageError):
    type = "image_truncated"


class ImageTooLarge(ImageError):
    type = "image_too_large"


class ImageUnsupported(ImageError):
    type = "image_unsupported"


class ImageNotFound(ImageError):
    type = "image_not_found"


class PathNotAllowed(ImageError):
    type = "path_not_allowed"


class ImageChanged(ImageError):
    type = "image_changed"


def _leaves(kind: type[ServiceError]) -> list[type[ServiceError]]:
    below = [leaf for child in kind.__subclasses__() for leaf in _leaves(child)]
    return below + ([kind] if kind.type else [])


BY_TYPE: dict[str, type[ServiceError]] = {kind.type: kind for kind in _leaves(ServiceError)}


def service_error(error: Any) -> ServiceError:
    """The exception for an `error` object of the protocol."""
    if not isinstance(error, dict) or not isinstance(error.get("type"), str):
        raise ProtocolError(f"an error of another form: {error!r}")
    kind = BY_TYPE.get(error["type"], ServiceError)
    return kind(error["type"], error.get("code", 0), error.get("message", ""), error.get("retry_after_ms"))
