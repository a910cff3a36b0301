"""Named errors of the engine: a code for programs, a message for a musician, and a remedy."""

from __future__ import annotations

from typing import Any


class EngineError(Exception):
    """Base of all errors that the engine raises on purpose.

    `code` is stable and kebab-case; `message` says what happened in words a musician understands; `remedy` says what
    to do.
    """

    code = "engine"

    def __init__(self, message: str, *, remedy: str, code: str | None = None, details: dict[str, Any] | None = None):
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        if code is not None:
            self.code = code
        self.details = details or {}

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors cross process borders; keyword-only arguments need help to be pickled.
        return (_rebuild, (type(self), self.message, self.remedy, self.code, self.details))


def _rebuild(cls: type[EngineError], message: str, remedy: str, code: str, details: dict[str, Any]) -> EngineError:
    return cls(message, remedy=remedy, code=code, details=details)


class Cancelled(EngineError):
    """The person asked to stop."""

    code = "cancelled"

    def __init__(
        self,
        message: str = "Stopped.",
        *,
        remedy: str = "Start it again whenever you like.",
        code: str | None = None,
        details: dict[str, Any] | None = None,
    ):
        super().__init__(message, remedy=remedy, code=code, details=details)


class AudioFileError(EngineError):
    """A file that cannot be read as audio, or holds none. Codes: audio-missing, audio-empty, audio-truncated,
    audio-damaged, audio-unreadable, audio-not-finite."""

    code = "audio-unreadable"


class EncodeError(EngineError):
    """Audio could not be written. Codes: disk-full, path-not-writable, format-unknown."""

    code = "encode"


class PackError(EngineError):
    """A model pack that is broken, unknown or refused. Codes: model-unknown, pack-invalid, pack-digest,
    pack-refused."""

    code = "pack-invalid"


class InferenceError(EngineError):
    """A model that failed to run. Codes: inference-failed, provider-failed, worker-died."""

    code = "inference-failed"


class DeviceError(EngineError):
    """The audio device failed or is absent. Codes: device-missing, device-lost, device-rate, device-input,
    device-loopback."""

    code = "device-missing"


class StyleError(EngineError):
    """A style that is unknown or cannot be applied here. Codes: style-unknown, style-invalid, style-unsuitable."""

    code = "style-unknown"
