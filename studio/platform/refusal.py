"""What the service answers when it refuses: an HTTP status with a code, a message and a remedy."""

from __future__ import annotations

from typing import Any

from studio.base.errors import StudioError


class Refusal(StudioError):
    """A request that the service does not carry out; it becomes ``{"error": {"code", "message", "remedy",
    "details"}}``."""

    code = "refused"

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        remedy: str,
        details: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ):
        super().__init__(message, remedy=remedy, code=code, details=details)
        self.status = status
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        return error_body(self)


def error_body(error: StudioError) -> dict[str, Any]:
    """Any named error in the shape of the wire."""
    return {
        "error": {
            "code": error.code,
            "message": error.message,
            "remedy": error.remedy,
            "details": error.details,
        }
    }


def invalid(message: str, *, remedy: str, code: str = "request-invalid", **details: Any) -> Refusal:
    """A request that is malformed (422)."""
    return Refusal(422, code, message, remedy=remedy, details=details)


def not_found(what: str) -> Refusal:
    """Something that is not there, or that this account may not know of (404)."""
    return Refusal(404, "not-found", f"The platform has no such {what}.", remedy="Search the catalogue again.")
