"""Writes attacks_more.json beside this file: what more reference attacks do to the model beside it.

    python make_attacks_more.py                 needs what requirements-attacks.txt lists; 3 hours
    python make_attacks_more.py fab square      only these methods
    python make_attacks_more.py --time 1000     prints how long AutoAttack takes for 1,000 images

What the file already holds is kept and not run again. README.md says what it holds.
"""

from __future__ import annotations

import argparse
import copy
import json
import logging
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import foolbox
import torch
import torchattacks
from foolbox.attacks import (
    HopSkipJumpAttack,
    L2FastGradientAttack,
    L2ProjectedGradientDescentAttack,
    LinfFastGradientAttack,
)
from pyautoattack import AutoAttack
from pyautoattack.fab_pt import FABAttack_PT
from pyautoattack.square import SquareAttack
from safetensors.torch import load_file
from torch import Tensor, nn

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[2] / "examples" / "pytorch"
sys.path[:0] = [str(EXAMPLES)]

import data
import networks

FILE = HERE / "attacks_more.json"
IMAGES = 512
CHUNK = 128  # Images the model is given at a time: more are slower on a CPU.
RADII = {"linf": 0.2, "l2": 2.0}
NORMS = {"linf": "Linf", "l2": "L2"}
FAB = {"restarts": 1, "alpha_max": 0.1, "eta": 1.05, "beta": 0.9}
SQUARE = {"p_init": 0.8, "loss": "margin", "resc_schedule": False}
SPSA = {"samples": 248, "delta": 0.01, "learning_rate": 0.01, "loss": "margin"}
JUMP = {
    "steps": 16,
    "initial_gradient_eval_steps": 100,
    "max_gradient_eval_steps": 10000,
    "stepsize_search": "geometric_progression",
    "gamma": 1.0,
}
STAGES = {
    "standard": ["apgd-ce", "apgd-t", "fab-t", "square"],
    "plus": ["apgd-ce", "apgd-dlr", "fab", "square", "apgd-t", "fab-t"],
    "rand": ["apgd-ce", "apgd-dlr"],
}
FEW = 128  # Images that quick tests and the costliest attacks take.


def plan() -> list[dict]:
    """Settings of every entry; the number of seeds is the method's."""
    entries = []
    for norm, epsilon in RADII.items():
        ball = {"norm": norm, "epsilon": epsilon}
        entries += [
            {"method": "fgsm", **ball, "loss": "xent"},
            {"method": "fab", **ball, "targets": 0, "iterations": 20, **FAB},
            {"method": "fab", **ball, "targets": 0, "iterations": 100, **FAB},
            {"method": "fab", **ball, "targets": 9, "iterations": 100, **FAB},
            {"method": "square", **ball, "iterations": 1000, **SQUARE},
            {"method": "square", **ball, "iterations": 5000, **SQUARE},
            {"method": "noise", **ball, "draws": 1000, "images": FEW},
            {"method": "noise", **ball, "draws": 1000},
            {"method": "hop-skip-jump", **ball, **JUMP},
            {"method": "autoattack", **ball, "version": "standard", "batch": 250},
            {"method": "autoattack", **ball, "version": "plus", "batch": FEW, "images": FEW},
            {"method": "autoattack", **ball, "version": "rand", "batch": FEW},
        ]
    steps = {"iterations": 40, "step_size": 2.5 * RADII["l2"] / 40}
    spsa_linf = {"method": "spsa", "norm": "linf", "epsilon": RADII["linf"], "iterations": 20, **SPSA}
    entries += [
        {"method": "pgd", "norm": "l2", "epsilon": RADII["l2"], "loss": "xent", **steps},
        {"method": "hop-skip-jump", **ball, **JUMP, "images": FEW},
        spsa_linf | {"images": FEW},
        spsa_linf,
    ]
    return sorted(entries, key=lambda entry: list(METHODS).index(entry["method"]))


class InChunks(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        return torch.cat([self.model(part) for part in images.split(CHUNK)])


def right(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    with torch.no_grad():
        return model(images).argmax(1) == labels


def length(norm: str, offsets: Tensor) -> Tensor:
    return torch.linalg.vector_norm(offsets.flatten(1), float("inf") if norm == "linf" else 2, 1)


def rounded(value: Tensor) -> float | None:
    """None for what is infinite."""
    return round(float(value), 6) if value.isfinite() else None


def fgsm(model: nn.Module, images: Tensor, labels: Tensor, seed: int, settings: dict) -> dict:
    """Takes no random numbers."""
    attack = {"linf": LinfFastGradientAttack, "l2": L2FastGradientAttack}[settings["norm"]]()
    criterion = foolbox.criteria.Misclassification(labels)
    made = attack.run(
        foolbox.PyTorchModel(model, (0, 1)), images, criterion, epsilon=settings["epsilon"]
    )
    return {"right": int(right(model, made, labels).sum())}


def reordered(model: nn.Module, seed: int) -> nn.Module:
    """The same function, but for rounding: the first convolution's channels in another order."""
    model = copy.deepcopy(model)
    first, second = model.model.conv1, model.model.conv2
    order = torch.randperm(len(first.bias), generator=torch.Generator().manual_seed(seed))
    first.weight.data, first.bias.data = first.weight.data[order], first.bias.data[order]
    second.weight.data = second.weight.data[:, order]
    return model


def fab(model: nn.Module, images: Tensor, labels: Tensor, seed: int, settings: dict) -> dict:
    """Takes no random numbers: the first restart starts at the image. Seeds after the first round
    otherwise. Untargeted, the norms of what was found are given, where nothing was found being
    infinite: of all, and of the first 8 images.
    """
    model = reordered(model, seed) if seed else model
    norm, epsilon, targets = settings["norm"], settings["epsilon"], settings["targets"]
    # The radius serves for the verdict alone.
    attack = FABAttack_PT(
        model, norm=NORMS[norm], n_restarts=settings["restarts"], n_iter=settings["iterations"],
        eps=epsilon if targets else 1e9, alpha_max=settings["alpha_max"], eta=settings["eta"],
        beta=settings["beta"], targeted=targets > 0, n_target_classes=targets or 9, seed=seed,
    )
    made = attack.perturb(images, labels)
    if targets:
        return {"right": int(right(model, made, labels).sum())}
    norms = length(norm, made - images)
    norms[right(model, made, labels)] = float("inf")
    counts = {"right": int((norms > epsilon).sum()), "found": int(norms.isfinite().sum())}
    return counts | {
        "least_norm": rounded(norms.min()),
        "median_norm": rounded(norms.median()),
        "first_norms": [rounded(norm) for norm in norms[:8]],
    }


def square(model: nn.Module, images: Tensor, labels: Tensor, seed: int, settings: dict) -> dict:
    attack = SquareAttack(
        model, norm=NORMS[settings["norm"]], n_queries=settings["iterations"],
        eps=settings["epsilon"], p_init=settings["p_init"], seed=seed, loss=settings["loss"],
        resc_schedule=settings["resc_schedule"],
    )
    with torch.no_grad():
        made = attack.perturb(images, labels)
    return {"right": int(right(model, made, labels).sum())}


class Spsa(torchattacks.SPSA):
    """Notes which images every iterate leaves right."""

    def watch(self, labels: Tensor) -> None:
        self.labels, self.always_right = labels, torch.ones_like(labels, dtype=torch.bool)

    def linf_clamp_(self, dx: Tensor, x: Tensor, eps: float) -> Tensor:
        dx = super().linf_clamp_(dx, x, eps)
        self.always_right &= right(self.model, x + dx, self.labels)
        return dx


def spsa(model: nn.Module, images: Tensor, labels: Tensor, seed: int, settings: dict) -> dict:
    torch.manual_seed(seed)
    attack = Spsa(
        model, eps=settings["epsilon"], delta=settings["delta"], lr=settings["learning_rate"],
        nb_iter=settings["iterations"], nb_sample=settings["samples"] // 2, max_batch_size=1,
    )
    attack.watch(labels)
    made = attack(images, labels)
    return {
        "right": int(right(model, made, labels).sum()),
        "right_at_all_iterates": int(attack.always_right.sum()),
    }


def noise(model: nn.Module, images: Tensor, labels: Tensor, seed: int, settings: dict) -> dict:
    torch.manual_seed(seed)
    epsilon, size = settings["epsilon"], images[0].numel()
    standing = torch.ones_like(labels, dtype=torch.bool)
    for _ in range(settings["draws"]):
        if settings["norm"] == "linf":
            offsets = epsilon * (2 * torch.rand_like(images) - 1)
        else:
            offsets = torch.randn_like(images)
            radii = epsilon * torch.rand(len(images)) ** (1 / size)
            offsets *= (radii / length("l2", offsets)).reshape(-1, 1, 1, 1)
        standing &= right(model, (images + offsets).clamp(0, 1), labels)
    return {"right": int(standing.sum())}


class Jump(HopSkipJumpAttack):
    """Notes how near the points at the boundary came: the last one need not be the nearest."""

    nearest = float("inf")

    def _binary_search(self, is_adversarial, originals, perturbed):
        found = super()._binary_search(is_adversarial, originals, perturbed)
        self.nearest = min(self.nearest, self.distance(originals, found).item())
        return found


def hop_skip_jump(
    model: nn.Module, images: Tensor, labels: Tensor, seed: int, settings: dict
) -> dict:
    """One image at a time: foolbox normalises directions and gradients over the batch."""
    torch.manual_seed(seed)
    attack = Jump(constraint=settings["norm"], **{name: settings[name] for name in JUMP})
    wrapped = foolbox.PyTorchModel(model, (0, 1))
    made, failed, nearest = images.clone(), 0, []
    with torch.no_grad():
        for at in range(len(images)):
            criterion = foolbox.criteria.Misclassification(labels[at : at + 1])
            attack.nearest = float("inf")
            try:
                made[at] = attack.run(wrapped, images[at : at + 1], criterion)[0]
            except ValueError:  # No noise that is taken for another class.
                failed += 1
            nearest.append(attack.nearest)
    norms = length(settings["norm"], made - images)
    found = ~right(model, made, labels)
    return {
        "right": int((~found | (norms > settings["epsilon"])).sum()),
        "right_at_all_iterates": sum(norm > settings["epsilon"] for norm in nearest),
        "no_start": failed,
        "median_norm": rounded(norms[found].median()),
    }


class L2Pgd(L2ProjectedGradientDescentAttack):
    """Notes where gradients are taken: all iterates but the last, the start first."""

    def value_and_grad(self, loss_fn, x):
        self.seen.append(x.raw.detach())
        return super().value_and_grad(loss_fn, x)


def pgd(model: nn.Module, images: Tensor, labels: Tensor, seed: int, settings: dict) -> dict:
    torch.manual_seed(seed)
    attack = L2Pgd(abs_stepsize=settings["step_size"], steps=settings["iterations"])
    attack.seen = []
    last = attack.run(
        foolbox.PyTorchModel(model, (0, 1)), images, foolbox.criteria.Misclassification(labels),
        epsilon=settings["epsilon"],
    )
    always = [right(model, made, labels) for made in [*attack.seen, last.detach()]]
    return {
        "right": int(always[-1].sum()),
        "right_at_all_iterates": int(torch.stack(always).all(0).sum()),
    }


class Stages(logging.Handler):
    """Counts from AutoAttack's log how many images each stage leaves right."""

    def __init__(self, standing: int) -> None:
        super().__init__()
        self.standing, self.right, self.seconds = standing, {}, {}
        self.started = time.process_time()

    def emit(self, record: logging.LogRecord) -> None:
        if batch := re.match(r"(\S+) - \d+/\d+ - (\d+) out of", record.getMessage()):
            self.standing -= int(batch[2])
            self.right[batch[1]] = self.standing
            self.seconds[batch[1]] = round(time.process_time() - self.started, 1)


def autoattack(model: nn.Module, images: Tensor, labels: Tensor, seed: int, settings: dict) -> dict:
    """Processor time is from the start of the whole to the end of each stage, on one thread."""
    log = logging.getLogger("auto-attack")
    log.setLevel(logging.DEBUG)
    log.propagate = False
    stages = Stages(int(right(model, images, labels).sum()))
    log.handlers = [stages]
    attack = AutoAttack(
        model, norm=NORMS[settings["norm"]], eps=settings["epsilon"], seed=seed,
        version=settings["version"],
    )
    start = time.perf_counter()
    attack.run_standard_evaluation(images, labels, batch_size=settings["batch"])
    seconds = round(time.perf_counter() - start, 1)
    # A stage that finds nobody standing is not run.
    left = {stage: stages.right.get(stage, 0) for stage in STAGES[settings["version"]]}
    return {"right": left, "seconds": seconds, "processor_seconds": stages.seconds}


ROUNDINGS = 5  # Of FAB with few iterations, which has not settled and goes by rounding.


def seeds_wanted(settings: dict) -> int:
    method = settings["method"]
    if method == "fab" and settings["iterations"] < 100:
        return ROUNDINGS
    if method == "hop-skip-jump" and "images" in settings:
        return 4  # Few images, each of which goes its own way.
    if method == "autoattack" and settings["norm"] == "l2":
        return 3  # Many images are near the line there, where chance decides.
    return METHODS[method][1]


# Function and number of seeds.
METHODS = {
    "fgsm": (fgsm, 1),
    "noise": (noise, 3),
    "pgd": (pgd, 3),
    "fab": (fab, 1),
    "square": (square, 3),
    "spsa": (spsa, 3),
    "autoattack": (autoattack, 1),
    "hop-skip-jump": (hop_skip_jump, 2),
}


def load() -> tuple[nn.Module, Tensor, Tensor]:
    model = networks.build("small-cnn", (1, 28, 28), classes=10)
    networks.load(model, load_file(HERE / "attacks.safetensors"))
    images, labels = data.read_test("mnist", HERE.parents[2] / "data" / "mnist")
    return InChunks(model).eval().requires_grad_(False), images, labels


def read() -> list[dict]:
    return json.loads(FILE.read_text())["attacks"] if FILE.exists() else []


def settings_of(entry: dict) -> dict:
    return {name: value for name, value in entry.items() if name != "seeds"}


def write(entry: dict) -> None:
    """Puts the entry in the file, which may have changed in the meantime."""
    order = plan()
    entries = [old for old in read() if settings_of(old) != settings_of(entry)] + [entry]
    entries.sort(key=lambda one: order.index(settings_of(one)))
    lines = ",\n".join("  " + json.dumps(one) for one in entries)
    FILE.write_text(f'{{\n "images": {IMAGES},\n "attacks": [\n{lines}\n ]\n}}\n')


def missing(methods: list[str]) -> Iterator[tuple[dict, int]]:
    """Settings and seeds that the file lacks, all first seeds first."""
    for seed in range(max(map(seeds_wanted, plan()))):
        for settings in plan():
            if seed < seeds_wanted(settings) and settings["method"] in (methods or METHODS):
                if len(seeds_of(settings)) <= seed:
                    yield settings, seed


def seeds_of(settings: dict) -> list[dict]:
    """What the file has for each seed."""
    return next((old["seeds"] for old in read() if settings_of(old) == settings), [])


def measure(model: nn.Module, images: Tensor, labels: Tensor) -> None:
    for norm, epsilon in RADII.items():
        settings = {"norm": norm, "epsilon": epsilon, "version": "standard", "batch": 250}
        busy = time.process_time()
        found = autoattack(model, images, labels, 0, settings)
        busy = time.process_time() - busy
        clock = found["seconds"]
        print(
            f"{norm}, {len(images)} images: {found['right']}\n"
            f"  {clock:.1f} s on the clock ({1000 * clock / len(images):.1f} ms per image), "
            f"{busy:.1f} s of processor time ({1000 * busy / len(images):.1f} ms per image)",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("methods", nargs="*", help=f"of {', '.join(METHODS)}; default: all")
    parser.add_argument("--time", type=int, metavar="IMAGES", help="only time AutoAttack")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model, images, labels = load()
    if arguments.time:
        measure(model, images[: arguments.time], labels[: arguments.time])
        return
    for settings, seed in missing(arguments.methods):
        count = settings.get("images", IMAGES)
        attacked, answers = images[:count], labels[:count]
        if settings["method"] != "autoattack":
            # Images that are wrong already are not attacked, and not counted as right.
            standing = right(model, attacked, answers)
            attacked, answers = attacked[standing], answers[standing]
        start = time.perf_counter()
        found = METHODS[settings["method"]][0](model, attacked, answers, seed, settings)
        print(settings, seed, found, f"{time.perf_counter() - start:.0f} s", flush=True)
        write(settings | {"seeds": [*seeds_of(settings), found]})


if __name__ == "__main__":
    main()
