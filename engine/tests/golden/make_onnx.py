"""Writes onnx.safetensors beside this file: ONNX models, and what they compute.

    python make_onnx.py             needs torch, onnx, onnxruntime and safetensors; a minute

Networks and layers exported from PyTorch, with its outputs and input gradients; graphs of single
operators, with the outputs of onnxruntime; models that cannot be read. README.md says more.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file
from torch import Tensor, nn
from torch.nn import functional as F

HERE = Path(__file__).resolve().parent
FLOAT, INT = TensorProto.FLOAT, TensorProto.INT64
STRIDE = 7919  # A prime.
random = np.random.default_rng(2018)


def main() -> None:
    warnings.filterwarnings("ignore")
    torch.manual_seed(2018)
    arrays: dict[str, np.ndarray] = {}
    for name, module, shape, options in exported():
        add_exported(arrays, name, module, shape, **options)
    for name, shape, nodes, constants, opset in graphs():
        add_graph(arrays, name, shape, nodes, constants, opset)
    for name, model in bad():
        arrays[f"bad/{name}"] = np.frombuffer(model.SerializeToString(), dtype=np.uint8)
    path = HERE / "onnx.safetensors"
    save_file(arrays, path)
    print(f"{len(arrays)} arrays, {path.stat().st_size} bytes")


# From PyTorch


class LeNet(nn.Module):
    def __init__(self, log_softmax: bool = False, softmax: bool = False) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 4, 5, padding=2), nn.Conv2d(4, 6, 3)
        self.fc1, self.fc2 = nn.Linear(6 * 4, 8), nn.Linear(8, 5)
        self.log_softmax, self.softmax = log_softmax, softmax

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.avg_pool2d(torch.tanh(self.conv2(x)), 2)
        x = x.view(x.size(0), -1)
        x = self.fc2(F.relu(self.fc1(x)))
        if self.log_softmax:
            return F.log_softmax(x, dim=1)
        return F.softmax(x, dim=1) if self.softmax else x


class Vgg(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for outputs in (4, "M", 6, 6):
            if outputs == "M":
                layers.append(nn.MaxPool2d(2, 2))
                continue
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(True)]
            inputs = outputs
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d((2, 2))
        self.classifier = nn.Sequential(
            nn.Linear(24, 10), nn.ReLU(True), nn.Dropout(), nn.Linear(10, 7)
        )

    def forward(self, x: Tensor) -> Tensor:
        mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
        std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
        x = self.pool(self.features((x - mean) / std))
        return self.classifier(torch.flatten(x, 1))


class InvertedResidual(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int, expand: int) -> None:
        super().__init__()
        hidden = inputs * expand
        self.residual = stride == 1 and inputs == outputs
        self.body = nn.Sequential(
            nn.Conv2d(inputs, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6(True),
            nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False),
            nn.BatchNorm2d(hidden), nn.ReLU6(True),
            nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x) if self.residual else self.body(x)


class MobileNetV2(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 4, 3, 2, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU6(True),
            InvertedResidual(4, 4, 1, 2), InvertedResidual(4, 6, 2, 2), InvertedResidual(6, 6, 1, 2),
        )
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(6, 5))

    def forward(self, x: Tensor) -> Tensor:
        x = F.adaptive_avg_pool2d(self.body(x), (1, 1))
        return self.classifier(torch.flatten(x, 1))


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (self.downsample(x) if self.downsample else x))


class ResNet(nn.Module):
    """As ResNet-18 of torchvision, but small."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 4, 7, 2, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(True),
            nn.MaxPool2d(3, 2, 1),
        )
        self.body = nn.Sequential(Block(4, 4, 1), Block(4, 6, 2))
        self.pool, self.fc = nn.AdaptiveAvgPool2d((1, 1)), nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(torch.flatten(self.pool(self.body(self.stem(x))), 1))


class PreActivation(nn.Module):
    """Standardised images, batch normalisation before convolution, zero-padded shortcuts."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 6, 3, 2, 1)
        self.fc = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = x - x.mean(dim=(1, 2, 3), keepdim=True)
        x = x / x.pow(2).mean(dim=(1, 2, 3), keepdim=True).clamp(min=1e-4).sqrt()
        x = self.conv1(x)
        y = self.conv2(F.leaky_relu(self.bn(x), 0.1))
        x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 1, 1))
        return self.fc((x + y).mean(dim=(2, 3)))


class ShuffleNet(nn.Module):
    """Channels split, shuffled and joined."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 8, 3, 2), nn.Conv2d(4, 4, 3, padding=1, groups=2)
        self.fc = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        a, b = F.hardswish(self.conv1(x)).chunk(2, dim=1)
        x = torch.cat((a, self.conv2(b)), dim=1)
        n, c, h, w = x.size()
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, -1, h, w)
        x = x * torch.sigmoid(x) + F.silu(x.amax(dim=(2, 3), keepdim=True))
        return self.fc(x.mean([2, 3]))


class Transformer(nn.Module):
    """As a vision transformer, but small."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, 8, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        self.place = nn.Parameter(torch.randn(1, 10, 8))
        self.norm1, self.norm2 = nn.LayerNorm(8), nn.LayerNorm(8)
        self.qkv, self.out = nn.Linear(8, 24), nn.Linear(8, 8)
        self.mlp = nn.Sequential(nn.Linear(8, 12), nn.GELU(), nn.Linear(12, 8))
        self.fc = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.token.expand(x.shape[0], -1, -1), x), dim=1) + self.place
        n, t, c = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(n, t, 3, 2, c // 2).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) * (c // 2) ** -0.5).softmax(dim=-1)
        x = x + self.out((weights @ v).transpose(1, 2).reshape(n, t, c))
        x = x + self.mlp(self.norm2(x))
        return self.fc(x[:, 0])


class Layers(nn.Module):
    """Layers, and their numbers as logits."""

    def __init__(self, *layers) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layer for layer in layers if isinstance(layer, nn.Module))
        self.calls = layers

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.calls:
            x = layer(x)
        return torch.flatten(x, 1)


def exported():
    """Names, modules, shapes of images and options of `torch.onnx.export`."""
    yield "lenet", LeNet(), (1, 12, 12), {}
    yield "lenet, not folded", LeNet(), (1, 12, 12), {"do_constant_folding": False}
    yield "lenet, one image", LeNet(), (1, 12, 12), {"batch": 1}
    yield "lenet, two images", LeNet(), (1, 12, 12), {"batch": 2}
    yield "lenet, softmax", LeNet(softmax=True), (1, 12, 12), {}
    yield "lenet, log softmax", LeNet(log_softmax=True), (1, 12, 12), {"opset_version": 11}
    yield "vgg", Vgg(), (3, 12, 12), {}
    yield "mobilenet", MobileNetV2(), (3, 12, 12), {}
    yield "resnet", ResNet(), (3, 12, 12), {}
    yield "preactivation", PreActivation(), (3, 10, 10), {}
    yield "preactivation, not folded", PreActivation(), (3, 10, 10), {"do_constant_folding": False}
    yield "shufflenet", ShuffleNet(), (3, 9, 9), {}
    yield "transformer", Transformer(), (3, 12, 12), {}
    layers = {
        "conv, stride and dilation": [nn.Conv2d(3, 4, 3, (2, 1), (2, 0), (1, 2))],
        "conv, even kernel": [nn.Conv2d(3, 4, (2, 4), (3, 2), (1, 2), bias=False)],
        "conv, same": [nn.Conv2d(3, 4, 4, padding="same")],
        "conv, groups": [nn.Conv2d(4, 6, 3, 2, 1, groups=2)],
        "conv, depthwise": [nn.Conv2d(3, 6, 3, 2, 1, groups=3)],
        "max pool": [nn.MaxPool2d(3, 2, 1)],
        "max pool, overlapping, ceil": [nn.MaxPool2d((3, 2), (2, 3), ceil_mode=True)],
        "max pool, dilation": [nn.MaxPool2d(2, 1, dilation=2)],
        "average pool, pads": [nn.AvgPool2d(3, 2, 1)],
        "average pool, pads not counted": [nn.AvgPool2d(3, 2, 1, count_include_pad=False)],
        "average pool, ceil": [nn.AvgPool2d((3, 2), (2, 2), ceil_mode=True, count_include_pad=False)],
        "instance norm": [nn.InstanceNorm2d(3, affine=True)],
        "group norm": [nn.GroupNorm(2, 4)],
        "p_relu": [centred, nn.PReLU(3, 0.3)],
        "elu": [centred, nn.ELU(0.7)],
        "hardtanh": [centred, nn.Hardtanh(-0.3, 0.2)],
        "hardsigmoid": [centred, nn.Hardsigmoid()],
        "softplus": [centred, nn.Softplus()],
        "mish": [centred, nn.Mish()],
        "gelu, tanh": [centred, nn.GELU("tanh")],
        "powers": [centred, lambda x: x**3 + x.abs() ** 1.5 + (x + 5) ** -1 + (x + 5).log() + x.exp()],
        "turned round": [lambda x: x.flip(3)[:, :, 1:6:2] * 2],
        "extremes": [centred, lambda x: torch.maximum(x, 0.1 - x) + torch.minimum(x.amin(1, True), x)],
        "sums": [lambda x: x.sum(1) / x.sum((1, 3)).unsqueeze(2)],
    }
    for name, calls in layers.items():
        channels = calls[0].in_channels if isinstance(calls[0], nn.Conv2d) else 3
        channels = calls[0].num_channels if isinstance(calls[0], nn.GroupNorm) else channels
        opset = 20 if "gelu" in name else 18 if name == "mish" else 17
        yield name, Layers(*calls), (channels, 6, 7), {"opset_version": opset}


def centred(x: Tensor) -> Tensor:
    return 8 * x - 4


def distinct(count: int, shape: tuple[int, ...]) -> np.ndarray:
    """Images of pixels from 16 on, each without equal pixels in a channel, or at all if there are few: maxima
    have no gradient where two are equal."""
    pixels = int(np.prod(shape))
    group = pixels if pixels < 240 else shape[1] * shape[2]
    groups = [random.permutation(240)[:group] + 16 for _ in range(count * pixels // group)]
    return np.concatenate(groups).astype(np.uint8).reshape(count, *shape)


def add_exported(
    arrays: dict[str, np.ndarray], name: str, module: nn.Module, shape: tuple[int, ...],
    batch: int | None = None, opset_version: int = 17, **options,
) -> None:
    settle(module)
    # Three do not fill two batches of two.
    pixels = distinct(3 if batch else 2, shape)
    images = torch.from_numpy(pixels).float() / 255
    file = io.BytesIO()
    torch.onnx.export(
        module, (images[: batch or 2],), file, dynamo=False, opset_version=opset_version,
        dynamic_axes=None if batch else {"x": {0: "N"}, "y": {0: "N"}},
        input_names=["x"], output_names=["y"], **options,
    )
    images.requires_grad_()
    softmax = getattr(module, "softmax", False) or getattr(module, "log_softmax", False)
    if softmax:
        module.softmax = module.log_softmax = False
    logits = module(images)
    places = torch.arange(logits.numel()) * STRIDE
    weights = ((places % 1000) / 500 - 1).reshape(logits.shape)
    (gradient,) = torch.autograd.grad((logits * weights).sum(), images)
    put(arrays, name, file.getvalue(), pixels, logits.detach().numpy())
    arrays[f"{name}/gradient"] = gradient.numpy()


def settle(module: nn.Module) -> None:
    """Evaluation mode, with weights and statistics that differ from the defaults."""
    with torch.no_grad():
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            noise = torch.from_numpy(random.random(tensor.shape, dtype=np.float32))
            if name.endswith("running_var"):
                tensor.copy_(0.5 + noise)
            elif name.endswith("running_mean") or tensor.dim() == 1:
                tensor.add_(0.4 * noise - 0.2)
    module.eval()


# Single operators


def graphs():
    """Names, shapes of images, nodes from `x` to `y`, constants and opsets."""

    def one(operator: str, *inputs: str, **attributes):
        return [helper.make_node(operator, ["x", *inputs], ["z"], **attributes)]

    pixels, image = (3, 7, 8), (3, 6, 6)
    weight = random.standard_normal((4, 3, 3, 3), dtype=np.float32)
    for pad in ("SAME_UPPER", "SAME_LOWER", "VALID"):
        yield f"Conv {pad}", pixels, one("Conv", "w", auto_pad=pad, strides=[2, 2], kernel_shape=[3, 3]), {"w": weight}, 17
        yield f"MaxPool {pad}", pixels, one("MaxPool", auto_pad=pad, strides=[2, 3], kernel_shape=[3, 4]), {}, 17
        yield f"AveragePool {pad}", pixels, one("AveragePool", auto_pad=pad, strides=[2, 3], kernel_shape=[3, 4]), {}, 17
    yield "Conv, one-sided pads", pixels, one("Conv", "w", "b", pads=[0, 1, 2, 0], dilations=[2, 1]), {"w": weight, "b": weight[:, 0, 0, 0].copy()}, 11
    yield "MaxPool, one-sided pads", pixels, one("MaxPool", pads=[0, 1, 1, 0], kernel_shape=[2, 3]), {}, 12
    yield "AveragePool, one-sided pads", pixels, one("AveragePool", pads=[0, 1, 1, 0], kernel_shape=[2, 3], count_include_pad=1), {}, 19
    yield "GlobalMaxPool", pixels, one("GlobalMaxPool"), {}, 17
    yield "ReduceMin", pixels, one("ReduceMin", axes=[-1], keepdims=0), {}, 17
    yield "ReduceSum", pixels, one("ReduceSum", "axes", keepdims=1), {"axes": [1, 3]}, 13
    yield "ReduceMax", pixels, one("ReduceMax", "axes", keepdims=0), {"axes": [1, 2]}, 18
    matrix = random.standard_normal((5, 8), dtype=np.float32)
    flat = helper.make_node("Flatten", ["x"], ["f"])
    wide = random.standard_normal((5, 168), dtype=np.float32)
    row = random.standard_normal((1, 5), dtype=np.float32)
    yield "Gemm", pixels, [flat, helper.make_node("Gemm", ["f", "w", "c"], ["z"], alpha=0.5, beta=2.0, transB=1)], {"w": wide, "c": row}, 17
    turned = [flat, helper.make_node("Transpose", ["f"], ["t"]), helper.make_node("Gemm", ["t", "w"], ["z"], transA=1)]
    yield "Gemm, transposed", pixels, turned, {"w": wide.T.copy()}, 17
    yield "MatMul, one matrix", pixels, one("MatMul", "w"), {"w": matrix.T.copy()}, 17
    yield "MatMul, many", pixels, one("MatMul", "w"), {"w": random.standard_normal((1, 3, 8, 2), dtype=np.float32)}, 17
    yield "MatMul, vector", pixels, one("MatMul", "w"), {"w": matrix[0].copy()}, 17
    left = helper.make_node("MatMul", ["w", "x"], ["z"])
    yield "MatMul, from the left", pixels, [left], {"w": random.standard_normal((2, 7), dtype=np.float32)}, 17
    left = helper.make_node("MatMul", ["w", "x"], ["z"])
    yield "MatMul, vector from the left", pixels, [left], {"w": random.standard_normal(7, dtype=np.float32)}, 17
    yield "Div, broadcast", pixels, [helper.make_node("Div", ["w", "x"], ["z"])], {"w": matrix[:, :1].reshape(5, 1, 1, 1)[:1].copy()}, 17
    yield "Sub, broadcast", pixels, one("Sub", "w"), {"w": random.standard_normal((7, 1), dtype=np.float32)}, 13
    for operator in ("Abs", "Neg", "Sqrt", "Exp", "Log", "Sigmoid", "Tanh", "Erf", "Reciprocal", "Softplus", "HardSwish"):
        yield operator, image, one(operator), {}, 17
    yield "HardSigmoid", image, one("HardSigmoid", alpha=2.5, beta=-0.75), {}, 17
    yield "LeakyRelu", image, [helper.make_node("Sub", ["x", "c"], ["s"]), helper.make_node("LeakyRelu", ["s"], ["z"], alpha=0.2)], {"c": np.float32(0.5)}, 17
    yield "Clip, from below", image, one("Clip", "least"), {"least": np.float32(0.41)}, 13
    yield "Clip, from above", image, one("Clip", "", "largest"), {"largest": np.float32(0.41)}, 13
    yield "Gelu", image, one("Gelu"), {}, 20
    yield "Max of three", image, [helper.make_node("Max", ["x", "c", "w"], ["z"])], {"c": np.float32(0.21), "w": random.random((6, 1), dtype=np.float32)}, 13
    yield "Softmax, old", image, one("Softmax", axis=2), {}, 11
    yield "Softmax, pixels", image, one("Softmax", axis=3), {}, 13
    yield "LogSoftmax, channels", image, one("LogSoftmax", axis=1), {}, 13
    yield "BatchNormalization", image, one("BatchNormalization", "s", "b", "m", "v", epsilon=0.1), {key: random.random(3, dtype=np.float32) for key in "sbmv"}, 15
    yield "LayerNormalization", image, one("LayerNormalization", "s", axis=-2), {"s": random.random((6, 6), dtype=np.float32)}, 17
    yield "Pad", image, one("Pad", "pads", "value"), {"pads": [0, 1, 0, 2, 0, 0, 3, 0], "value": np.float32(0.25)}, 13
    yield "Pad, some axes", image, one("Pad", "pads", "", "axes"), {"pads": [1, 2], "axes": [-1]}, 18
    yield "Slice, backward", image, one("Slice", "s", "e", "a", "t"), {"s": [-1, 4], "e": [-100, 0], "a": [3, 2], "t": [-2, -1]}, 13
    yield "Slice, cut", image, one("Slice", "s", "e"), {"s": [0, -2, 1, 0], "e": [9, 2**62, -1, 5]}, 13
    split = helper.make_node("Split", ["x", "n"], ["p", "q"], axis=2)
    yield "Split", image, [split, helper.make_node("Concat", ["q", "p"], ["z"], axis=-2)], {"n": [2, 4]}, 13
    halves = helper.make_node("Split", ["x"], ["p", "q"], axis=3, num_outputs=2)
    yield "Split, equally", image, [halves, helper.make_node("Mul", ["p", "q"], ["z"])], {}, 18
    yield "Gather, one", image, one("Gather", "i", axis=2), {"i": np.int64(-2)}, 13
    yield "Gather, several", image, one("Gather", "i", axis=1), {"i": [[2, 0], [1, 2]]}, 13
    yield "Expand", image, [helper.make_node("ReduceMean", ["x"], ["m"], axes=[1]), helper.make_node("Expand", ["m", "n"], ["z"])], {"n": [2, 1, 6]}, 13
    yield "Squeeze, Unsqueeze", image, [helper.make_node("ReduceMean", ["x"], ["m"], axes=[1]), helper.make_node("Squeeze", ["m"], ["s"], axes=[1]), helper.make_node("Unsqueeze", ["s"], ["z"], axes=[-1, 1])], {}, 11
    yield "Transpose", image, one("Transpose", perm=[0, 2, 3, 1]), {}, 13
    yield "Reshape", image, one("Reshape", "n"), {"n": [0, 2, -1, 3]}, 13
    yield "float16 weights", image, [helper.make_node("Cast", ["w"], ["v"], to=FLOAT), helper.make_node("Mul", ["x", "v"], ["z"])], {"w": np.arange(6, dtype=np.float16) / 3}, 13
    yield "float64 weights", image, [helper.make_node("Cast", ["w"], ["v"], to=FLOAT), helper.make_node("Mul", ["x", "v"], ["z"])], {"w": np.arange(6, dtype=np.float64) / 3}, 13


def add_graph(arrays, name, shape, nodes, constants, opset) -> None:
    flatten = helper.make_node("Flatten", ["z"], ["y"])
    named = {key: np.asarray(value) for key, value in constants.items()}
    graph = helper.make_graph(
        [*nodes, flatten], "graph",
        [helper.make_tensor_value_info("x", FLOAT, ["N", *shape])],
        [helper.make_tensor_value_info("y", FLOAT, ["N", None])],
        [numpy_helper.from_array(value, key) for key, value in named.items()],
    )
    model = finished(graph, opset)
    onnx.checker.check_model(model)
    pixels = distinct(2, shape)
    images = pixels.astype(np.float32) / np.float32(255)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (logits,) = session.run(["y"], {"x": images})
    put(arrays, name, model.SerializeToString(), pixels, logits)


# What cannot be read


def bad():
    """Names and models; the test beside the reader says which error each gives."""

    def model(*nodes, shape=("N", 3, 4, 4), opset=17, outputs=("y",), inputs=("x",), constants=(), elements=FLOAT):
        graph = helper.make_graph(
            nodes, "graph",
            [helper.make_tensor_value_info(name, elements, shape) for name in inputs],
            [helper.make_tensor_value_info(name, FLOAT, ["N", None]) for name in outputs],
            list(constants),
        )
        return finished(graph, opset)

    def made(operator, *inputs, name="culprit", output="z", **attributes):
        return helper.make_node(operator, inputs, [output], name=name, **attributes)

    def tensor(shape, value=None, name="w"):
        return numpy_helper.from_array(np.ones(shape, np.float32) if value is None else value, name)

    end = helper.make_node("Flatten", ["z"], ["y"])
    yield "operator", model(made("Einsum", "x", equation="nchw->nc"), end)
    yield "domain", model(made("Gelu", "x", domain="com.microsoft"), end)
    yield "opset", model(made("Relu", "x"), end, opset=8)
    yield "inputs", model(made("Add", "x", "v"), end, inputs=("x", "v"))
    yield "outputs", model(made("Relu", "x"), end, outputs=("y", "z"))
    yield "input axes", model(made("Relu", "x"), end, shape=("N", 3, 4))
    yield "open height", model(made("Relu", "x"), end, shape=("N", 3, "H", "W"))
    yield "giant input", model(made("Relu", "x"), end, shape=("N", 2**40, 2**40, 4))
    yield "integer input", model(made("Relu", "x"), end, elements=INT)
    yield "dangling", model(made("Add", "x", "nothing"), end)
    yield "cyclic", model(made("Add", "x", "a"), made("Relu", "z", name="after", output="a"), end)
    yield "itself", model(made("Add", "x", "z"), end)
    yield "twice", model(made("Relu", "x"), made("Relu", "x"), end)
    yield "no output", model(made("Relu", "x"))
    yield "no nodes", model(outputs=("x",))
    yield "four axes out", model(made("Relu", "x", output="y"))
    yield "one class", model(made("ReduceMean", "x", axes=[1, 2, 3]), end)
    yield "constant output", model(helper.make_node("Identity", ["w"], ["y"]), constants=[tensor((1, 5))])
    external = tensor((3, 3, 1, 1))
    external.ClearField("raw_data")
    external.data_location = TensorProto.EXTERNAL
    external.external_data.add(key="location", value="weights.bin")
    yield "external", model(made("Conv", "x", "w"), end, constants=[external])
    short = tensor((3, 3, 1, 1))
    short.raw_data = short.raw_data[:-4]
    yield "short", model(made("Mul", "x", "w"), end, constants=[short])
    odd = tensor((3, 3, 1, 1))
    odd.raw_data = odd.raw_data[:-1]
    yield "odd bytes", model(made("Mul", "x", "w"), end, constants=[odd])
    giant = tensor((1,))
    giant.dims[:] = [2**62, 2**62]
    yield "giant weight", model(made("Mul", "x", "w"), end, constants=[giant])
    negative = tensor((1,))
    negative.dims[:] = [-1]
    yield "negative weight", model(made("Mul", "x", "w"), end, constants=[negative])
    yield "NaN", model(made("Mul", "x", "w"), end, constants=[tensor(1, np.float32([np.nan]))])
    yield "complex", model(made("Mul", "x", "w"), end, constants=[tensor(1, np.complex64([1]))])
    yield "integers", model(made("Mul", "x", "w"), end, constants=[tensor(1, np.int64([1]))])
    weight = [tensor((4, 3, 3, 3))]
    for name, value in {"strides": [0, 1], "dilations": [-1, 1], "pads": [0, 0, -1, 0], "kernel_shape": [2, 2], "group": 2, "auto_pad": "OTHER"}.items():
        yield f"conv {name}", model(made("Conv", "x", "w", **{name: value}), end, constants=weight)
    yield "conv channels", model(made("Conv", "x", "w"), end, constants=[tensor((4, 2, 3, 3))])
    yield "conv empty", model(made("Conv", "x", "w"), end, constants=[tensor((4, 3, 0, 3))])
    yield "conv large", model(made("Conv", "x", "w"), end, constants=[tensor((4, 3, 5, 5))])
    yield "conv bias", model(made("Conv", "x", "w", "b"), end, constants=[*weight, tensor((3,), name="b")])
    yield "conv without weight", model(made("Conv", "x"), end)
    yield "pool pads", model(made("MaxPool", "x", kernel_shape=[2, 2], pads=[2, 0, 0, 0]), end)
    yield "pool indices", model(helper.make_node("MaxPool", ["x"], ["z", "i"], "culprit", kernel_shape=[2, 2]), end)
    yield "broadcast", model(made("Add", "x", "w"), end, constants=[tensor((3,))])
    yield "gemm", model(helper.make_node("Flatten", ["x"], ["f"]), made("Gemm", "f", "w", output="y"), constants=[tensor((5, 7))])
    yield "matmul", model(made("MatMul", "x", "w"), end, constants=[tensor((5, 7))])
    yield "batch norm", model(made("BatchNormalization", "x", "w", "w", "w", "w"), end, constants=[tensor((4,))])
    yield "training", model(made("BatchNormalization", "x", "w", "w", "w", "w", training_mode=1), end, constants=[tensor((3,))])
    for name, shape in {"reshape": [0, 7], "reshape twice": [0, -1, -1], "reshape empty": [0, 0, 0, 0, 0]}.items():
        yield name, model(made("Reshape", "x", "n"), end, constants=[tensor(0, np.int64(shape), "n")])
    yield "transpose", model(made("Transpose", "x", perm=[0, 1, 1, 2]), end)
    yield "axis", model(made("Softmax", "x", axis=4), end)
    yield "concat", model(made("Concat", "x", "w", axis=1), end, constants=[tensor((1, 3, 4, 5))])
    yield "gather", model(made("Gather", "x", "n", axis=1), end, constants=[tensor(0, np.int64([3]), "n")])
    yield "gather by pixels", model(made("Gather", "x", "x", axis=1), end)
    starts = [tensor(0, np.int64([4]), "s"), tensor(0, np.int64([4]), "e"), tensor(0, np.int64([0]), "t")]
    yield "slice empty", model(made("Slice", "x", "s", "e"), end, constants=starts[:2])
    yield "slice step", model(made("Slice", "x", "s", "e", "s", "t"), end, constants=starts)
    yield "pad", model(made("Pad", "x", "n", mode="reflect"), end, constants=[tensor(0, np.int64([0] * 8), "n")])
    yield "pad giant", model(made("Pad", "x", "n"), end, constants=[tensor(0, np.int64([0] * 7 + [2**60]), "n")])
    yield "expand giant", model(made("Expand", "x", "n"), end, constants=[tensor(0, np.int64([2**31, 1, 1, 1, 1]), "n")])
    yield "axes", model(made("Unsqueeze", "x", "n"), end, constants=[tensor(0, np.int64([0, 1, 2]), "n")])
    yield "power", model(made("Pow", "x", "x"), end)
    yield "constant shape", model(helper.make_node("Constant", [], ["n"], value_ints=[2**40, 0]), made("ConstantOfShape", "n", output="c"), made("Concat", "c", "c", "c", axis=1, output="d"), helper.make_node("Reshape", ["x", "d"], ["y"]))
    yield "split", model(helper.make_node("Split", ["x"], ["z", "a"], "culprit", axis=1, num_outputs=5), end, opset=18)
    yield "division", model(helper.make_node("Constant", [], ["n"], value_ints=[-(2**63)]), helper.make_node("Constant", [], ["m"], value_ints=[-1]), made("Div", "n", "m"), helper.make_node("Reshape", ["x", "z"], ["y"]))


def finished(graph: onnx.GraphProto, opset: int) -> onnx.ModelProto:
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def put(arrays, name: str, model: bytes, pixels: np.ndarray, logits: np.ndarray) -> None:
    arrays[f"{name}/model"] = np.frombuffer(model, dtype=np.uint8)
    arrays[f"{name}/pixels"] = pixels
    arrays[f"{name}/logits"] = logits


if __name__ == "__main__":
    main()
