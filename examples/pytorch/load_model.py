"""Loads a model that Squeeze trained into PyTorch, and tests it.

    python load_model.py RUN_DIR [--data FOLDER] [--onnx FILE.onnx]

RUN_DIR holds Squeeze's config.toml and model.safetensors. With --onnx, the exported file must give
the same logits (this needs onnx and onnxruntime).
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path

import networks
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

import data

MNIST = Path(__file__).resolve().parents[2] / "data" / "mnist"


def load(run: Path) -> tuple[nn.Module, str, dict]:
    """The model of a run directory, its network's name, and the `data` part of its config."""
    config = tomllib.loads((run / "config.toml").read_text())
    # What a config leaves out has the program's default.
    name = config.get("network", "small-cnn")
    settings = {"set": "mnist", "image_size": 32} | config.get("data", {})
    size = settings["image_size"]
    shape = data.SHAPES.get(settings["set"], (3, size, size))
    tensors = load_file(run / "model.safetensors")
    last = "fc2.bias" if "fc2.bias" in tensors else "fc.bias"
    model = networks.build(name, shape, classes=len(tensors[last]))
    networks.load(model, tensors)
    return model, name, settings


def compare_onnx(file: Path, images: Tensor, expected: Tensor) -> bool:
    """True if onnxruntime's logits are PyTorch's."""
    import check_onnx

    found = check_onnx.logits(check_onnx.run_with(file), images.numpy())
    error = (torch.from_numpy(found) - expected).abs().max().item()
    # Logits of trained networks may be large; float32 has seven digits.
    good = error <= 1e-4 * max(1.0, expected.abs().max().item())
    print(f"onnx: largest difference of logits {error:.1e}: {'ok' if good else 'DIFFERS'}")
    return good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="directory of the run")
    parser.add_argument("--data", type=Path, help="folder of the data set's files")
    parser.add_argument("--images", type=int, help="test only the first so many images")
    parser.add_argument("--onnx", type=Path, help="the same model as ONNX, to be compared")
    arguments = parser.parse_args()

    model, name, settings = load(arguments.run)
    print(f"{name}: {networks.parameter_count(model):,} parameters")
    folder = (
        arguments.data or settings.get("path") or (MNIST if settings["set"] == "mnist" else None)
    )
    if settings["set"] not in data.SHAPES or folder is None:
        sys.exit(
            f"no test images: give the folder of {settings['set']} with --data (not for `folder`)"
        )
    images, labels = data.read_test(settings["set"], Path(folder))
    images, labels = images[: arguments.images], labels[: arguments.images]
    logits = networks.inference(model, images)
    right = int((logits.argmax(1) == labels).sum())
    print(f"{settings['set']}: accuracy {right / len(labels):.4f} ({right} of {len(labels)})")
    if arguments.onnx and not compare_onnx(arguments.onnx, images[:200], logits[:200]):
        sys.exit(1)


if __name__ == "__main__":
    main()
