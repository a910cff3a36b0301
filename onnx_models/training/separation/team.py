"""Several processes that train one network, each on its own batches: what a processor's cores do best.

Two threads in one process wait for each other after every layer, and for the worker that makes the batches; two
processes of one thread meet once a step, when they average their gradients (synchronous data parallelism, gloo).
"""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import TracebackType

import torch
from torch import distributed, nn

PATIENCE = timedelta(minutes=10)
"""How long a member waits for another, which may be judging, before it gives up."""

Job = Callable[["Team"], None]


class Team:
    """The place of one process among `size`; a team of one needs no others and does nothing."""

    def __init__(self, rank: int = 0, size: int = 1, meeting: Path | None = None):
        self.rank, self.size = rank, size
        if size > 1:
            if meeting is None:
                raise ValueError("A team of several needs a file to meet at")
            distributed.init_process_group(
                "gloo", init_method=f"file://{meeting}", rank=rank, world_size=size, timeout=PATIENCE
            )

    def __enter__(self) -> Team:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.size > 1:
            distributed.destroy_process_group()

    def average(self, network: nn.Module, value: float) -> float:
        """Average the gradients of `network` over the team, in place; returns the leader's `value`."""
        if self.size == 1:
            return value
        grads = [p.grad for p in network.parameters() if p.grad is not None]
        leader = value * self.size if self.rank == 0 else 0.0
        flat = torch.cat([*(g.reshape(-1).cpu() for g in grads), torch.tensor([leader])])
        distributed.all_reduce(flat)
        flat /= self.size
        start = 0
        for grad in grads:
            grad.copy_(flat[start : start + grad.numel()].reshape(grad.shape))
            start += grad.numel()
        return float(flat[-1])


def _member(job: Job, rank: int, size: int, meeting: Path) -> None:
    with Team(rank, size, meeting) as team:
        job(team)


def together(job: Job, size: int) -> None:
    """Run `job` in `size` processes, this one being the leader.

    Args:
        job: what each does; it must be picklable where there are several.
        size: processes, 1 or more.

    Raises:
        ValueError: there is not even one.
        RuntimeError: another process of the team failed.
    """
    if size < 1:
        raise ValueError("A team has one process at least")
    if size == 1:
        job(Team())
        return
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        meeting = Path(folder) / "meeting"
        others = [context.Process(target=_member, args=(job, rank, size, meeting)) for rank in range(1, size)]
        for process in others:
            process.start()
        try:
            with Team(0, size, meeting) as team:
                job(team)
        except BaseException:
            for process in others:
                process.terminate()
            raise
        finally:
            for process in others:
                process.join()
    if any(process.exitcode for process in others):
        raise RuntimeError("A process of the team failed; its message stands above")
