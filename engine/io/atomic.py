"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Generator
from pathlib import Path

from engine.errors import EncodeError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def as_encode_error(error: OSError, path: Path) -> EncodeError:
    """The named error for a failed write: ``disk-full`` or ``path-not-writable``."""
    if error.errno in FULL:
        return EncodeError(
            f"There is no room left on the disk for “{path.name}”.",
            remedy="Free some space, or choose a folder on another disk.",
            code="disk-full",
            details={"path": str(path)},
        )
    return EncodeError(
        f"“{path.name}” cannot be written to the folder “{path.parent.name or path.parent}”.",
        remedy="Choose a folder that exists and in which you may write.",
        code="path-not-writable",
        details={"path": str(path), "reason": error.strerror or str(error)},
    )


@contextlib.contextmanager
def replacing(path: Path) -> Generator[Path]:
    """Give a temporary path beside `path`; it takes its place when the block ends well, and is removed when it does
    not.

    Raises:
        EncodeError: codes ``disk-full`` and ``path-not-writable``, for any OSError in the block.
    """
    part = path.parent / f".{path.name}.{os.getpid()}.part"
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a folder", str(path))
        yield part
        with part.open("r+b") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise as_encode_error(error, path) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
