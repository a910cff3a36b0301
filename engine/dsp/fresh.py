# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportOptionalCall=false, reportUntypedClassDecorator=false
# numba's and LLVM's own interfaces have no types.
"""Keeps the cache of compiled kernels true: a kernel that was changed makes all that contain it be compiled anew.

Numba looks only at the file in which a cached function is defined, but the function contains what it calls in other
files. Importing this module lets the cache look at all files that kernels stand in.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba.core import caching

ENGINE = Path(__file__).resolve().parent.parent
KERNELS = ("dsp/*.py", "dsp/effects/*.py", "plan/kernel/*.py")
"""Files that kernels stand in."""
CALLBACK = tuple(f"playback/{name}.py" for name in ("account", "callback", "deck", "late", "native", "resampling"))
"""Files that the device callback stands in, which calls kernels; no kernel calls it."""
OUTSIDE = ENGINE.parent / "tests"
"""What stands here may contain the callback, too."""


@cache
def digest(*patterns: str) -> str:
    """Of all files that match, in the folder of the engine."""
    state = sha256()
    for pattern in patterns:
        for path in sorted(ENGINE.glob(pattern)):
            state.update(path.name.encode() + b"\0" + path.read_bytes())
    return state.hexdigest()


class _Fresh:
    """Adds to the stamp of a function that of all the files that it may contain."""

    def get_source_stamp(self) -> Any:
        own = super().get_source_stamp()  # type: ignore[misc]
        path = Path(self._py_file).resolve()  # type: ignore[attr-defined]
        if path.is_relative_to(ENGINE / "playback") or path.is_relative_to(OUTSIDE):
            return own, digest(*KERNELS, *CALLBACK)
        return (own, digest(*KERNELS)) if path.is_relative_to(ENGINE) else own


def _install() -> None:
    classes: list[Any] = caching.CacheImpl._locator_classes  # pyright: ignore[reportPrivateUsage]
    for k, locator in enumerate(classes):
        if hasattr(locator, "get_source_stamp") and not issubclass(locator, _Fresh):
            classes[k] = type(locator.__name__, (_Fresh, locator), {})


digest(*KERNELS)
digest(*KERNELS, *CALLBACK)
_install()
