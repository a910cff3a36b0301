"""What the callback may not do, watched from within: hold the interpreter lock, or take memory.

``python -m tests.bench.gates`` plays a busy mix on the dummy driver, with edits, seeks and a loop, in this process. The
callback calls a function of our choice when it begins and when it ends: `PyGILState_Check` says whether its thread
holds the lock; a library that stands before ``malloc`` and its kin (built with the system's C compiler, loaded with
LD_PRELOAD) says how often the thread has called them.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

COUNTER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>

static __thread int64_t calls __attribute__((tls_model("initial-exec")));
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

int64_t contrafact_memory_calls(void) { return calls; }
void *malloc(size_t n) { calls++; return __libc_malloc(n); }
void *calloc(size_t n, size_t m) { calls++; return __libc_calloc(n, m); }
void *realloc(void *p, size_t n) { calls++; return __libc_realloc(p, n); }
void *memalign(size_t a, size_t n) { calls++; return __libc_memalign(a, n); }
void *aligned_alloc(size_t a, size_t n) { calls++; return __libc_memalign(a, n); }
int posix_memalign(void **p, size_t a, size_t n) {
    calls++;
    *p = __libc_memalign(a, n);
    return *p ? 0 : ENOMEM;
}
void free(void *p) { calls++; __libc_free(p); }
"""


def build(folder: Path) -> Path | None:
    """The counting library; None without a C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    source, library = folder / "counter.c", folder / "counter.so"
    source.write_text(COUNTER)
    subprocess.run([compiler, "-O1", "-fPIC", "-shared", "-o", library, source], check=True, timeout=60)
    return library


def _play(seconds: float, probe: int) -> dict[str, Any]:
    import msgspec
    import numpy as np

    from engine.plan import InsertPlan, LoopPlan
    from engine.playback import deck as words
    from engine.playback.engine import Engine
    from engine.playback.messages import Play, Seek, SetAudio, SetLoop, SetPlan
    from engine.playback.telemetry import SIZE
    from engine.playback.warm import warm
    from tests.bench.mixes import busy_plan, write_sources

    warm()
    rng = np.random.default_rng(3)
    engine = Engine(bytearray(SIZE), lambda _: None)
    with tempfile.TemporaryDirectory() as folder:
        plan = busy_plan(write_sources(Path(folder), count=4), tracks=16)
        engine.open(SetAudio(None))
        engine.start()
        try:
            engine.do(SetPlan(plan, 1))
            engine.do(Play(0))
            engine.deck.put(words.DIAGNOSIS, probe)
            began = engine.deck.calls
            ends = time.monotonic() + seconds
            serial = 1
            while time.monotonic() < ends:
                serial += 1
                kinds = rng.permutation(["reverb", "delay", "chorus", "saturation", "limiter"])[:2]
                tracks = tuple(
                    msgspec.structs.replace(
                        track,
                        strip=msgspec.structs.replace(
                            track.strip,
                            gain=float(rng.uniform(0.1, 0.5)),
                            inserts=tuple(InsertPlan(id=f"{track.id}{kind}", kind=str(kind)) for kind in kinds),
                        ),
                    )
                    for track in plan.tracks[:-1]
                )
                engine.do(SetPlan(msgspec.structs.replace(plan, tracks=(*tracks, plan.tracks[-1])), serial))
                engine.do(Seek(int(rng.integers(0, plan.length_frames))))
                start = int(rng.integers(0, plan.length_frames))
                engine.do(SetLoop(LoopPlan(start_frame=start, end_frame=start + 5_000)))
                time.sleep(0.1)
            output = engine.output
            return {
                "device": output.id if output is not None else "none",
                "callbacks": engine.deck.calls - began,
                "most_at_begin": engine.deck.word(words.DIAGNOSED_MOST) & 0xFFFF_FFFF,
                "inside": engine.deck.word(words.DIAGNOSED_SUM),
                "here": ctypes.PYFUNCTYPE(ctypes.c_int64)(probe)(),
            }
        finally:
            engine.close()


def _address(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def measure(what: str, *, seconds: float = 3.0) -> dict[str, Any]:
    """Play in another process and watch "lock" or "memory"; JACK's server must run.

    Raises:
        RuntimeError: the other process failed, or there is no C compiler.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ)
        if what == "memory":
            library = build(Path(folder))
            if library is None:
                raise RuntimeError("there is no C compiler")
            environment["LD_PRELOAD"] = str(library)
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.gates", what, str(seconds)],
            cwd=Path(__file__).resolve().parents[2],
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Watch one thing, in this process, or without arguments both, in processes of their own."""
    if len(sys.argv) > 1:
        what, seconds = sys.argv[1], float(sys.argv[2])
        function = ctypes.pythonapi.PyGILState_Check if what == "lock" else None
        if function is None:
            function = ctypes.CDLL(None).contrafact_memory_calls
        print(json.dumps(_play(seconds, _address(function))))
        return
    from tests.bench import jack

    with jack.server():
        print(json.dumps({what: measure(what) for what in ("lock", "memory")}, indent=2))


if __name__ == "__main__":
    main()
