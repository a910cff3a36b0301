"""The one thread that owns every handle of the C2PA library, which is not thread-safe, and the library's door."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, ParamSpec, TypeVar

import c2pa  # pyright: ignore[reportMissingTypeStubs]

library: Any = c2pa
"""The library, which has no types."""

LibraryError: type[Exception] = c2pa.C2paError

P = ParamSpec("P")
T = TypeVar("T")


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="c2pa")


def on_native_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `work` on the C2PA thread and wait for its result; its errors are raised here."""
    return _thread().submit(work, *args, **kwargs).result()
