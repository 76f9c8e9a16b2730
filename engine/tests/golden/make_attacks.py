"""Writes attacks.json beside this file: what reference attacks do to the model beside it.

    python make_attacks.py             needs what requirements-attacks.txt lists; 20 minutes

The attacks are those of torchattacks, whose Auto-PGD is AutoAttack's own code. README.md says what
the file holds.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
import torchattacks
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[2] / "examples" / "pytorch"
sys.path[:0] = [str(EXAMPLES)]

import data
import networks

IMAGES = 512
SEEDS = range(6)
ITERATES = {"images": 8, "iterations": 5, "epsilon": 0.2, "step_size": 0.02}
POSITIONS, STRIDE = 64, 7919  # Pixels looked at: multiples of a prime.
SURE = 1e-5  # Share of its image's largest gradient below which rounding may turn one round.


def main() -> None:
    torch.set_num_threads(2)
    tensors = load_file(HERE / "attacks.safetensors")
    model = networks.build("small-cnn", (1, 28, 28), classes=10)
    networks.load(model, tensors)
    model.eval()
    images, labels = data.read_test("mnist", HERE.parents[2] / "data" / "mnist")
    images, labels = images[:IMAGES], labels[:IMAGES]
    golden = {
        "clean": count_right(model, images, labels),
        "iterates": iterates(model, images, labels),
        "attacks": [attack(model, images, labels, **settings) for settings in ATTACKS],
    }
    (HERE / "attacks.json").write_text(json.dumps(golden, indent=1) + "\n")


def count_right(model: nn.Module, images: Tensor, labels: Tensor) -> int:
    with torch.no_grad():
        return int((model(images).argmax(1) == labels).sum())


ATTACKS = [
    {"method": "pgd", "norm": "linf", "loss": "xent", "targets": 0, "epsilon": 0.2, "iterations": 40},
    {"method": "apgd", "norm": "linf", "loss": "xent", "targets": 0, "epsilon": 0.2, "iterations": 50},
    {"method": "apgd", "norm": "linf", "loss": "dlr", "targets": 0, "epsilon": 0.2, "iterations": 50},
    {"method": "apgd", "norm": "l2", "loss": "xent", "targets": 0, "epsilon": 2.0, "iterations": 50},
    {"method": "apgd", "norm": "l2", "loss": "dlr", "targets": 0, "epsilon": 2.0, "iterations": 50},
    {"method": "apgd", "norm": "linf", "loss": "dlr", "targets": 9, "epsilon": 0.2, "iterations": 10},
]


class Watch(nn.Module):
    """Notes which images were right at every iterate, the start being the first."""

    def __init__(self, model: nn.Module, labels: Tensor) -> None:
        super().__init__()
        self.model, self.labels = model, labels
        self.always_right = torch.ones_like(labels, dtype=torch.bool)

    def forward(self, images: Tensor) -> Tensor:
        logits = self.model(images)
        self.always_right &= logits.argmax(1) == self.labels
        return logits


def attack(model: nn.Module, images: Tensor, labels: Tensor, **settings) -> dict:
    """How many images each seed leaves right."""
    epsilon, iterations = settings["epsilon"], settings["iterations"]
    norm = {"linf": "Linf", "l2": "L2"}[settings["norm"]]
    loss = {"xent": "ce", "dlr": "dlr"}[settings["loss"]]
    # As `2.5 epsilon / iterations`, for Squeeze's step size 0.
    step = 2.5 * epsilon / iterations
    right = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        if settings["method"] == "pgd":
            # In l_2 torchattacks does not start uniformly in the ball.
            assert norm == "Linf", settings
            watch = Watch(model, labels).eval()
            made = torchattacks.PGD(watch, eps=epsilon, alpha=step, steps=iterations)
            watch(made(images, labels))
            right.append(int(watch.always_right.sum()))
            continue
        if settings["targets"]:
            made = torchattacks.APGDT(
                model, norm=norm, eps=epsilon, steps=iterations, seed=seed,
                n_classes=settings["targets"] + 1,
            )
        else:
            made = torchattacks.APGD(
                model, norm=norm, eps=epsilon, steps=iterations, seed=seed, loss=loss
            )
        right.append(count_right(model, made(images, labels), labels))
    print(settings, right, flush=True)
    return settings | {"right": right}


def iterates(model: nn.Module, images: Tensor, labels: Tensor) -> dict:
    """The first iterates of PGD on the cross-entropy from a start that both sides can make: pixel i
    of the batch moves by `epsilon (2 (STRIDE i mod 1000) / 1000 - 1)`. Where a gradient is not `SURE`
    its sign, and thus the pixel, is left to rounding: such pixels do not count."""
    count, epsilon, step = ITERATES["images"], ITERATES["epsilon"], ITERATES["step_size"]
    clean, labels = images[:count], labels[:count]
    places = torch.arange(clean.numel(), dtype=torch.int64) * STRIDE
    offsets = epsilon * (2 * (places % 1000).double() / 1000 - 1)
    x = (clean + offsets.float().reshape(clean.shape)).clamp(0, 1)
    made, sure = [], torch.ones_like(clean, dtype=torch.bool)
    for _ in range(ITERATES["iterations"]):
        x = x.detach().requires_grad_()
        loss = F.cross_entropy(model(x), labels, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, x)
        with torch.no_grad():
            x = x + step * gradient.sign()
            x = clean + (x - clean).clamp(-epsilon, epsilon)
            x = x.clamp(0, 1)
            sure &= gradient.abs() > SURE * gradient.abs().amax((1, 2, 3), keepdim=True)
        made.append(x.flatten())
    sure = sure.flatten()
    places = [at * STRIDE % len(sure) for at in range(len(sure))]
    positions = [place for place in places if sure[place]][:POSITIONS]
    seen = [
        {"sum": float(x[sure].double().sum()), "values": x[positions].tolist()} for x in made
    ]
    # A bit for each pixel, the first one the highest of the first digit.
    bits = "".join("01"[int(one)] for one in sure)
    digits = f"{int(bits, 2):0{len(bits) // 4}x}"
    return ITERATES | {"sure": digits, "positions": positions, "seen": seen}


if __name__ == "__main__":
    main()
