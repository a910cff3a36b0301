"""Errors of the studio: a stable code, a message that a musician understands, and a remedy."""

from __future__ import annotations

from typing import Any


class StudioError(Exception):
    """An error that is shown to a person: `code` (kebab-case, stable), `message`, `remedy`, and `details` for
    programs."""

    code = "studio"

    def __init__(self, message: str, *, remedy: str, code: str | None = None, details: dict[str, Any] | None = None):
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        if code is not None:
            self.code = code
        self.details = details or {}


class RightsError(StudioError):
    """A grant that is missing, broken or does not allow this. Codes: no-grant, grant-expired, grant-invalid,
    grant-revoked, operation-forbidden, clock-turned-back."""

    code = "operation-forbidden"


class ProjectError(StudioError):
    """A project that cannot be read, written or edited so. Codes: project-missing, project-corrupt, project-newer,
    edit-invalid."""

    code = "project-corrupt"


class PlatformError(StudioError):
    """The platform refused. Codes: wrong-password, signed-out, not-found, conflict, refused, bad-response,
    receipt-invalid."""

    code = "refused"


class PlatformDown(PlatformError):
    """The platform cannot be reached; whatever waits in the outbox is sent later."""

    code = "platform-down"


class LibraryError(StudioError):
    """Audio at rest that is missing or was changed. Codes: asset-missing, asset-damaged, digest-mismatch."""

    code = "asset-missing"


class ProvenanceError(StudioError):
    """Signing or verifying failed. Codes: signing-failed, no-device-certificate, manifest-too-large."""

    code = "signing-failed"


class StorageError(StudioError):
    """A file could not be written. Codes: disk-full, path-not-writable."""

    code = "path-not-writable"
