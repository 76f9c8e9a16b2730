"""Writes the golden values beside this file: what PyTorch computes, in float64.

    python make_golden.py            write all files
    python make_golden.py --check    compare with the files there, write nothing
    python make_golden.py NAME...    only these (network names, `objectives`, `optimizers`)

Networks take their weights and images from `philox.py`, which the Rust tests repeat, so that no
weights are stored. README.md says what the files hold.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[2] / "examples" / "pytorch")]

import networks
import philox

MNIST, CIFAR = (1, 28, 28), (3, 32, 32)
NETWORKS = {
    "small-cnn": MNIST,
    "mnist-cnn": MNIST,
    "resnet-8": CIFAR,
    "resnet-20": CIFAR,
    "wrn-10-2": CIFAR,
    "wrn-16-4": CIFAR,
    "wrn-8-2": CIFAR,
    "wrn-32-10": CIFAR,
}
CLASSES = 10
LABELS = [3, 7, 0, 9]
EVAL_BATCH, TRAIN_BATCH = 2, 4
POSITIONS, STRIDE = 64, 7919  # Gradient positions looked at: multiples of a prime.


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="only these files")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--threads", type=int, default=2, help="threads that PyTorch may use")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    philox.check_philox()
    makers: dict[str, Callable[[], dict]] = {
        name: lambda name=name: network(name, NETWORKS[name]) for name in NETWORKS
    }
    makers |= {"objectives": objectives, "optimizers": optimizers}
    wrong = 0
    for name in arguments.names or makers:
        path = HERE / f"{name}.json"
        made = makers[name]()
        if not arguments.check:
            path.write_text(lines(made))
            print(f"{path.name}: {path.stat().st_size} bytes")
            continue
        problems = differences(json.loads(path.read_text()), made)
        wrong += len(problems)
        print(f"{path.name}: " + ("\n  ".join(["differs", *problems[:5]]) if problems else "equal"))
    sys.exit(1 if wrong else 0)


# Networks


def network(name: str, shape: tuple[int, int, int]) -> dict:
    model = networks.build(name, shape, CLASSES)
    shapes = {name: tuple(value.shape) for name, value in networks.weights(model).items()}
    weights = philox.golden_weights(shapes)

    def fresh() -> nn.Module:
        networks.load(model.float(), {k: torch.from_numpy(v) for k, v in weights.items()})
        return model.double()

    return {
        "network": name,
        "image_shape": shape,
        "classes": CLASSES,
        "seed": philox.SEED,
        "gain": philox.GAIN,
        "parameters": networks.parameter_count(model),
        "tensors": [
            {"name": name, "shape": shapes[name], "first": float(weights[name].flat[0])}
            for name in sorted(shapes)
        ],
        "eval": evaluation(fresh(), philox.golden_images((EVAL_BATCH, *shape))),
        "faint": evaluation(fresh(), faint(philox.golden_images((1, *shape)))),
        "train": training(fresh(), shape),
    }


def faint(images: np.ndarray) -> np.ndarray:
    """Almost grey: standardisation divides these by its lower bound."""
    return (0.5 + 0.01 * (images.astype(np.float64) - 0.5)).astype(np.float32)


def evaluation(model: nn.Module, given: np.ndarray) -> dict:
    images = torch.from_numpy(given).double().requires_grad_()
    labels = LABELS[: len(images)]
    logits = model.eval()(images)
    loss = F.cross_entropy(logits, torch.tensor(labels), reduction="sum")
    (gradient,) = torch.autograd.grad(loss, images)
    flat = gradient.flatten()
    positions = [i * STRIDE % len(flat) for i in range(POSITIONS)]
    return {
        "labels": labels,
        "logits": numbers(logits),
        "loss": loss.item(),
        "input_gradient": {
            "positions": positions,
            "values": numbers(flat[positions]),
            "l2": flat.norm().item(),
            "l1": flat.abs().sum().item(),
            "sum": flat.sum().item(),
        },
    }


def training(model: nn.Module, shape: tuple[int, int, int]) -> dict:
    images = torch.from_numpy(philox.golden_images((TRAIN_BATCH, *shape))).double()
    logits = model.train()(images)
    loss = F.cross_entropy(logits, torch.tensor(LABELS), reduction="sum")
    loss.backward()
    running = {k: v for k, v in networks.weights(model).items() if ".running_" in k}
    gradients = {k: p.grad for k, p in model.named_parameters() if p.grad is not None}
    return {
        "labels": LABELS,
        "logits": numbers(logits),
        "loss": loss.item(),
        "running": [
            {"name": name, "first": numbers(value[:4]), "l2": value.norm().item()}
            for name, value in sorted(running.items())
        ],
        "gradients": [
            {"name": name, "l2": value.norm().item()} for name, value in sorted(gradients.items())
        ],
    }


# Objectives


def stream(index: int, count: int, scale: float) -> np.ndarray:
    """Numbers in +-scale; streams from 1000 on, away from the images'."""
    u = philox.uniform(philox.SEED, philox.NOISE, 1000 + index, count)
    return (scale * (2 * u.astype(np.float64) - 1)).astype(np.float32)


def objectives() -> dict:
    inputs = []
    for place, (batch, classes) in enumerate([(6, 10), (5, 3)]):
        usual = stream(2 * place, batch * classes, 3).reshape(batch, classes)
        other = stream(2 * place + 1, batch * classes, 3).reshape(batch, classes)
        row = usual.copy()
        row[1] = 0
        sets = {
            "usual": usual,
            "other": other,
            "large": usual * np.float32(20),
            "tiny": usual * np.float32(1e-20),
            "zero": np.zeros_like(usual),
            "ones": np.ones_like(usual),
            "one row zero": row,
        }
        labels = [(3 * i + 1) % classes for i in range(batch)]
        inputs += [
            {"name": name, "labels": labels, "logits": values} for name, values in sets.items()
        ]
    settings = [(0.0, "none", 0.0, 0.0), (0.9, "none", 0.0, 0.0), (1.0, "none", 0.0, 0.0)]
    settings += [(0.0, form, beta, 0.0) for form in ("example", "batch") for beta in (5.0, 11.0)]
    settings += [(0.0, "batch", 5.0, gamma) for gamma in (1.0, -2.0)]
    settings += [(0.0, "example", 5.0, 1.0)]
    settings += [(0.9, "batch", 11.0, 0.0), (0.95, "example", 5.0, 0.0)]
    settings += [(0.9, "batch", 11.0, 1.0)]
    cases = [
        objective(place, given, *setting)
        for setting in settings
        for place, given in enumerate(inputs)
    ]
    half = len(inputs) // 2
    pairs = [(0, 1), (1, 0), (0, 0), (2, 1), (3, 0), (4, 4), (3, 4), (0, 6)]
    pairs += [(a + half, b + half) for a, b in pairs]
    trades = [divergence(inputs, *pair) for pair in pairs]
    for given in inputs:
        given["logits"] = given["logits"].astype(np.float64).tolist()
    return {"inputs": inputs, "cases": cases, "trades": trades}


def objective(
    place: int, given: dict, smoothing: float, form: str, beta: float, gamma: float
) -> dict:
    """Cross-entropy with `Y_warm = Y - smoothing (Y - 1/C)`, plus a penalty."""
    logits = torch.from_numpy(given["logits"]).double().requires_grad_()
    batch, classes = logits.shape
    hot = F.one_hot(torch.tensor(given["labels"]), classes).double()
    warm = hot - smoothing * (hot - 1 / classes)
    cross_entropy = -(warm * logits.log_softmax(1)).sum() / batch
    # PyTorch's gradient of a norm at 0 is 0.
    norms = {
        "none": lambda: torch.zeros((), dtype=torch.float64),
        "example": lambda: torch.linalg.vector_norm(logits - gamma, dim=1).sum(),
        "batch": lambda: torch.linalg.vector_norm(logits - gamma),
    }
    penalty = beta / batch * norms[form]()
    loss = cross_entropy + penalty
    (gradient,) = torch.autograd.grad(loss, logits)
    return {
        "input": place,
        "label_smoothing": smoothing,
        "squeeze": form,
        "beta": beta,
        "gamma": gamma,
        "loss": loss.item(),
        "cross_entropy": cross_entropy.item(),
        "penalty": penalty.item(),
        "gradient": numbers(gradient),
    }


def divergence(inputs: list[dict], clean: int, adversarial: int) -> dict:
    """The term of TRADES: 6 KL(softmax(clean) || softmax(adversarial)), mean over the batch."""
    weight = 6.0
    pair = [
        torch.from_numpy(inputs[i]["logits"]).double().requires_grad_()
        for i in (clean, adversarial)
    ]
    loss = weight * F.kl_div(pair[1].log_softmax(1), pair[0].softmax(1), reduction="batchmean")
    gradients = torch.autograd.grad(loss, pair)
    return {
        "clean": clean,
        "adversarial": adversarial,
        "weight": weight,
        "loss": loss.item(),
        "gradient_clean": numbers(gradients[0]),
        "gradient_adversarial": numbers(gradients[1]),
    }


# Optimisers

SGD = {"optimizer": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": False}
ADAM = {"optimizer": "adam", "learning_rate": 0.01, "weight_decay": 0.0}
RUNS = [
    SGD | {"momentum": 0.0, "weight_decay": 0.0},
    SGD | {"weight_decay": 0.0},
    SGD | {"weight_decay": 5e-4},
    SGD | {"weight_decay": 5e-4, "nesterov": True},
    ADAM,
    ADAM | {"weight_decay": 5e-4},
    ADAM | {"optimizer": "adamw", "weight_decay": 0.01},
]
SCHEDULE_STEPS, PEAK = 100, 0.1


def optimizers() -> dict:
    shapes = {"weight": (4, 3), "bias": (4,)}
    start = {
        name: stream(10 + i, math.prod(shape), 1).reshape(shape)
        for i, (name, shape) in enumerate(shapes.items())
    }
    # Norms on both sides of the bound of the clipping, which is 1.
    scales = [2.0, 0.1, 1.0, 5.0, 0.2]
    gradients = [
        {
            name: stream(20 + 2 * step + i, math.prod(shape), scale).reshape(shape)
            for i, (name, shape) in enumerate(shapes.items())
        }
        for step, scale in enumerate(scales)
    ]
    runs = [trajectory(run, clip, start, gradients) for run in RUNS for clip in (None, 1.0)]
    return {
        "shapes": shapes,
        "start": flat(start),
        "gradients": [flat(gradient) for gradient in gradients],
        "runs": runs,
        "schedules": schedules(),
    }


def trajectory(run: dict, clip: float | None, start: dict, gradients: list[dict]) -> dict:
    """Parameters after each step. Weight decay is on `weight` alone."""
    parameters = {
        name: nn.Parameter(torch.from_numpy(value).double()) for name, value in start.items()
    }
    groups = [
        {"params": [parameters["weight"]], "weight_decay": run["weight_decay"]},
        {"params": [parameters["bias"]], "weight_decay": 0.0},
    ]
    rate = run["learning_rate"]
    optimizer = {
        "sgd": lambda: torch.optim.SGD(
            groups, lr=rate, momentum=run["momentum"], nesterov=run["nesterov"]
        ),
        "adam": lambda: torch.optim.Adam(groups, lr=rate),
        "adamw": lambda: torch.optim.AdamW(groups, lr=rate),
    }[run["optimizer"]]()
    steps = []
    for gradient in gradients:
        for name, value in gradient.items():
            parameters[name].grad = torch.from_numpy(value).double()
        if clip is not None:
            nn.utils.clip_grad_norm_(parameters.values(), clip)
        optimizer.step()
        steps.append({name: numbers(value.flatten()) for name, value in parameters.items()})
    return run | {"clip": clip, "steps": steps}


def schedules() -> list[dict]:
    """The learning rate of each of 100 steps, from PyTorch's schedulers."""
    scheduler = torch.optim.lr_scheduler
    one_cycle = {
        "max_lr": PEAK,
        "total_steps": SCHEDULE_STEPS,
        "pct_start": 0.3,
        "div_factor": 25,
        "final_div_factor": 1e4,
        "three_phase": False,
        "cycle_momentum": False,
    }
    makers = {
        "cosine": lambda o: scheduler.CosineAnnealingLR(o, SCHEDULE_STEPS, eta_min=0),
        "step": lambda o: scheduler.MultiStepLR(o, [40, 60], gamma=0.1),
        "one-cycle": lambda o: scheduler.OneCycleLR(o, anneal_strategy="cos", **one_cycle),
        "one-cycle-linear": lambda o: scheduler.OneCycleLR(
            o, anneal_strategy="linear", **one_cycle
        ),
    }
    made = []
    for name, maker in makers.items():
        parameter = nn.Parameter(torch.zeros(1, dtype=torch.float64))
        parameter.grad = torch.zeros_like(parameter)
        optimizer = torch.optim.SGD([parameter], lr=PEAK)
        schedule = maker(optimizer)
        rates = []
        for step in range(SCHEDULE_STEPS):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if step + 1 < SCHEDULE_STEPS:
                schedule.step()
        made.append({"name": name, "learning_rate": PEAK, "rates": rates})
    return made


# Files


def numbers(tensor: Tensor) -> list:
    return tensor.detach().tolist()


def flat(arrays: dict[str, np.ndarray]) -> dict[str, list[float]]:
    return {name: array.astype(np.float64).ravel().tolist() for name, array in arrays.items()}


def short(value: Any) -> Any:
    """Floats with 12 digits: enough to test float32, and files a third smaller."""
    if isinstance(value, float):
        return float(f"{value:.12g}")
    if isinstance(value, dict):
        return {key: short(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [short(item) for item in value]
    return value


def lines(made: dict) -> str:
    """JSON with a line for each entry, and for each of a list of objects."""

    def entry(value: Any) -> str:
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return "[\n    " + ",\n    ".join(json.dumps(item) for item in value) + "\n  ]"
        return json.dumps(value)

    body = ",\n".join(f"  {json.dumps(key)}: {entry(value)}" for key, value in short(made).items())
    return "{\n" + body + "\n}\n"


def differences(stored: Any, made: Any, place: str = "") -> list[str]:
    """Where two values differ by more than another processor's float64 rounding."""
    if isinstance(made, dict) and isinstance(stored, dict) and made.keys() == stored.keys():
        return [
            text for key in made for text in differences(stored[key], made[key], f"{place}/{key}")
        ]
    if isinstance(made, (list, tuple)) and isinstance(stored, list) and len(made) == len(stored):
        pairs = enumerate(zip(stored, made, strict=True))
        return [text for i, (a, b) in pairs for text in differences(a, b, f"{place}/{i}")]
    if isinstance(made, float) and isinstance(stored, (int, float)):
        near = math.isclose(stored, made, rel_tol=1e-8, abs_tol=1e-13)
        return [] if near else [f"{place}: {stored} in the file, {made} now"]
    return [] if made == stored else [f"{place}: {stored} in the file, {made} now"]


if __name__ == "__main__":
    main()
