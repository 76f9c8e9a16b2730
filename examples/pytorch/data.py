"""Test images of MNIST, Fashion-MNIST, CIFAR-10 and CIFAR-100, from the files they come in."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

# Channels, height, width.
SHAPES = {
    "mnist": (1, 28, 28),
    "fashion-mnist": (1, 28, 28),
    "cifar10": (3, 32, 32),
    "cifar100": (3, 32, 32),
}


def read_test(name: str, folder: Path) -> tuple[Tensor, Tensor]:
    """Images [n, channels, height, width] in [0, 1], and labels [n], of the data set `name`.

    `folder` holds `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, gzipped or not, or CIFAR's
    binary version: `test_batch.bin`, or `test.bin` for CIFAR-100, whose fine labels are taken.
    """
    shape = SHAPES[name]
    if name.startswith("cifar"):
        label_bytes, file = (1, "test_batch.bin") if name == "cifar10" else (2, "test.bin")
        records = np.frombuffer((folder / file).read_bytes(), np.uint8)
        records = records.reshape(-1, label_bytes + 3072)
        pixels, labels = records[:, label_bytes:], records[:, label_bytes - 1]
    else:
        pixels = read_idx(folder / "t10k-images-idx3-ubyte")
        labels = read_idx(folder / "t10k-labels-idx1-ubyte")
    images = torch.from_numpy(pixels.reshape(-1, *shape).astype(np.float32) / 255)
    return images, torch.from_numpy(labels.astype(np.int64))


def read_idx(path: Path) -> np.ndarray:
    """The bytes of an IDX file (two zeros, type 8, number of axes, their lengths, values)."""
    zipped = path.with_name(path.name + ".gz")
    data = gzip.decompress(zipped.read_bytes()) if zipped.exists() else path.read_bytes()
    if data[:3] != b"\0\0\x08":
        raise ValueError(f"{path} is no IDX file of bytes")
    lengths = np.frombuffer(data, ">u4", count=data[3], offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(lengths)
