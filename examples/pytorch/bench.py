"""Milliseconds of a training step and of a PGD iteration in PyTorch, for `squeeze bench` beside it.

    python bench.py small-cnn --threads 2
    squeeze bench --network small-cnn --device cpu

As there: batches of 128, natural objective, Adam; an iteration is forward, gradient for the images
alone, and the update. Prints the median of the rounds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import networks
import torch
from torch import Tensor, nn
from torch.nn import functional as F

BATCH = 128


def median_ms(warm_up: int, rounds: int, runs: int, work: Callable[[], None]) -> float:
    for _ in range(warm_up):
        work()
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(runs):
            work()
        found.append(1000 * (time.perf_counter() - start) / runs)
    return statistics.median(found)


def trainer(model: nn.Module, images: Tensor, labels: Tensor) -> Callable[[], None]:
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    pixels = (images * 255).to(torch.uint8)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(pixels.float() / 255), labels).backward()
        optimizer.step()

    return step


def attacker(model: nn.Module, images: Tensor, labels: Tensor) -> Callable[[], None]:
    model.requires_grad_(False)
    x = images.clone()

    def iterate() -> None:
        nonlocal x
        x.requires_grad_()
        loss = F.cross_entropy(model(x), labels, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, x)
        with torch.no_grad():
            x = images + (x + 0.01 * gradient.sign() - images).clamp(-0.3, 0.3)
            x = x.clamp(0, 1)

    return iterate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", help="small-cnn, mnist-cnn, resnet-8, ...")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--warm-up", type=int, default=3, help="of each before the first round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=20, help="steps, and iterations, a round")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    is_grey = arguments.network.endswith("cnn")
    shape = (1, 28, 28) if is_grey else (3, 32, 32)
    model = networks.build(arguments.network, shape, 10)
    images, labels = torch.rand(BATCH, *shape), torch.randint(10, (BATCH,))
    times = (arguments.warm_up, arguments.rounds, arguments.runs)
    step = median_ms(*times, trainer(model.train(), images, labels))
    iteration = median_ms(*times, attacker(model.eval(), images, labels))
    print(
        f"PyTorch {torch.__version__}, {arguments.threads} threads, {arguments.network}, "
        f"batch {BATCH}: {step:.1f} ms a training step, {iteration:.1f} ms a PGD iteration"
    )


if __name__ == "__main__":
    main()
