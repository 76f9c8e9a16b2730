"""Writes weights from PyTorch as a run directory that Squeeze loads and attacks.

    python save_model.py NETWORK STATE_DICT.pt RUN_DIR [--set mnist]

STATE_DICT.pt is what torch.save(model.state_dict(), ...) wrote, for a model of networks.py or one
with the same names. From a program, call `save`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import networks
import torch
from safetensors.torch import save_file
from torch import nn

import data


def save(model: nn.Module, network: str, data_set: str, run: Path) -> None:
    """Makes `run` with config.toml and model.safetensors (32-bit floats)."""
    tensors = {
        name: value.detach().to("cpu", torch.float32).contiguous()
        for name, value in networks.weights(model).items()
    }
    broken = [name for name, value in tensors.items() if not value.isfinite().all()]
    if broken:
        raise ValueError(f"not finite, so Squeeze will not load them: {', '.join(broken)}")
    run.mkdir(parents=True, exist_ok=True)
    save_file(tensors, run / "model.safetensors")
    (run / "config.toml").write_text(f'network = "{network}"\n\n[data]\nset = "{data_set}"\n')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", help="its name in Squeeze, for example wrn-16-4")
    parser.add_argument("state_dict", type=Path)
    parser.add_argument("run", type=Path, help="directory to make")
    parser.add_argument(
        "--set", choices=data.SHAPES, default="mnist", help="what it was trained on"
    )
    arguments = parser.parse_args()

    state = torch.load(arguments.state_dict, map_location="cpu", weights_only=True)
    last = "fc2.bias" if "fc2.bias" in state else "fc.bias"
    model = networks.build(arguments.network, data.SHAPES[arguments.set], classes=len(state[last]))
    model.load_state_dict(state)
    save(model, arguments.network, arguments.set, arguments.run)
    print(f"{arguments.run}: {networks.parameter_count(model):,} parameters")


if __name__ == "__main__":
    main()
