"""Checks ONNX files from Squeeze against PyTorch: onnxruntime must give the same logits.

    python check_onnx.py FILE.onnx...

The files hold the weights of the golden tests (engine/tests/golden), as `onnx_golden` of
engine/examples writes them. PyTorch gets the same weights from the rule, not from the file.
Needs torch, numpy, onnx and onnxruntime.
"""

from __future__ import annotations

import sys
from pathlib import Path

import networks
import numpy as np
import onnx
import onnxruntime
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "engine" / "tests" / "golden"))

import philox

TOLERANCE = 1e-4  # Of logits between 0.5 and 5.


def main() -> None:
    torch.set_num_threads(2)
    good = [check(Path(name)) for name in sys.argv[1:]]
    if not good:
        sys.exit(__doc__)
    sys.exit(0 if all(good) else 1)


def check(path: Path) -> bool:
    onnx.checker.check_model(str(path), full_check=True)
    session = run_with(path)
    shape = tuple(session.get_inputs()[0].shape[1:])
    classes = session.get_outputs()[0].shape[1]
    name = session.get_modelmeta().custom_metadata_map["network"]
    model = networks.build(name, shape, classes)
    shapes = {key: tuple(value.shape) for key, value in networks.weights(model).items()}
    weights = philox.golden_weights(shapes)
    networks.load(model, {key: torch.from_numpy(value) for key, value in weights.items()})
    images = philox.golden_images((4, *shape))
    images[1] = 0.5  # Standardisation divides by its lower bound here.
    images[2] = (images[2] > 0.9).astype(np.float32)
    expected = networks.inference(model, torch.from_numpy(images)).numpy()
    found = logits(session, images)
    alone = logits(session, images[:1])
    error = float(np.abs(found - expected).max())
    error = max(error, float(np.abs(alone - expected[:1]).max()))
    good = error <= TOLERANCE
    verdict = "ok" if good else "DIFFERS"
    print(f"{path.name}: {name} {shape}, largest difference {error:.1e}: {verdict}")
    return good


def run_with(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def logits(session: onnxruntime.InferenceSession, images: np.ndarray) -> np.ndarray:
    return session.run(["logits"], {"images": images})[0]


if __name__ == "__main__":
    main()
