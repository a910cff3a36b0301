"""Work that goes on beside the thread that needs its results. Compiled code, libsoxr and libsndfile let go of the
interpreter's lock, so threads are enough.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

DEPTH = 3
"""Results that may wait."""


def ahead(items: Iterable[T], *, depth: int = DEPTH) -> Generator[T]:
    """`items` in order, made on a thread of their own, at most `depth` before they are asked for.

    What making them raises is raised here, in its place.
    """
    source = iter(items)
    end = object()

    def following() -> T | object:
        return next(source, end)

    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        waiting: deque[Future[T | object]] = deque(pool.submit(following) for _ in range(depth))
        try:
            while (item := waiting.popleft().result()) is not end:
                waiting.append(pool.submit(following))
                yield item  # type: ignore[misc]
        finally:
            for future in waiting:
                future.cancel()


def each(work: Callable[[T], R], items: Iterator[T], *, threads: int) -> Generator[R]:
    """``work(item)`` of all items in order, by several threads; items are taken on the caller's thread.

    What `work` raises is raised here, in its place.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix="each") as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
