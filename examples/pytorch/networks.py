"""Squeeze's networks in PyTorch: the same names, the same weights, the same logits.

Images are float tensors [batch, channels, height, width] with pixels in [0, 1]; outputs are logits
[batch, classes]. Names of parameters and buffers are those in Squeeze's `model.safetensors`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LEAK = 0.1  # Slope of the challenge network's leaky units.
STAGE_STRIDES = (1, 2, 2)


def standardize(images: Tensor) -> Tensor:
    """Each image less its mean, over max(its standard deviation, 1/sqrt(N)) for its N numbers.

    As tf.image.per_image_standardization. The bound is put on the variance, so that the gradient of
    a constant image is finite.
    """
    axes = (1, 2, 3)
    count = images[0].numel()
    centred = images - images.mean(axes, keepdim=True)
    variance = centred.square().mean(axes, keepdim=True)
    return centred / variance.clamp(min=1 / count).sqrt()


def conv3x3(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)


def pad_channels(x: Tensor, channels: int) -> Tensor:
    """Zero channels, equally many before and after, until there are `channels`."""
    each = (channels - x.shape[1]) // 2
    return F.pad(x, (0, 0, 0, 0, each, each)) if each else x


class Cnn(nn.Module):
    """`small-cnn` and `mnist-cnn`: conv, relu, pool2, conv, relu, pool2, fc, relu, fc."""

    def __init__(
        self, shape: tuple[int, int, int], classes: int, kernel: int, filters: int, hidden: int
    ) -> None:
        super().__init__()
        channels, height, width = shape
        self.conv1 = nn.Conv2d(channels, filters, kernel, padding=kernel // 2)
        self.conv2 = nn.Conv2d(filters, 2 * filters, kernel, padding=kernel // 2)
        self.fc1 = nn.Linear(2 * filters * (height // 4) * (width // 4), hidden)
        self.fc2 = nn.Linear(hidden, classes)

    def forward(self, images: Tensor) -> Tensor:
        x = F.max_pool2d(self.conv1(images).relu(), 2)
        x = F.max_pool2d(self.conv2(x).relu(), 2)
        return self.fc2(self.fc1(x.flatten(1)).relu())


class BasicBlock(nn.Module):
    """A block of the CIFAR ResNets with the parameter-free shortcut (option A)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.outputs = outputs
        self.conv1 = conv3x3(inputs, outputs, stride)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = conv3x3(outputs, outputs)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y))
        return (y + pad_channels(x[:, :, :: self.stride, :: self.stride], self.outputs)).relu()


class ResNet(nn.Module):
    """`resnet-d`, d = 6n + 2 (He et al. 2016, arXiv:1512.03385, section 4.2)."""

    def __init__(self, channels: int, classes: int, units: int) -> None:
        super().__init__()
        self.conv1 = conv3x3(channels, 16)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1, self.layer2, self.layer3 = stages(BasicBlock, 16, (16, 32, 64), units)
        self.fc = nn.Linear(64, classes)

    def forward(self, images: Tensor) -> Tensor:
        x = self.bn1(self.conv1(standardize(images))).relu()
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean((2, 3)))


class PreActivationBlock(nn.Module):
    """A block of Zagoruyko and Komodakis's Wide ResNet, without dropout."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = conv3x3(inputs, outputs, stride)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv2 = conv3x3(outputs, outputs)
        if inputs != outputs:
            self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn1(x).relu()
        shortcut = self.shortcut(y) if hasattr(self, "shortcut") else x
        y = self.conv2(self.bn2(self.conv1(y)).relu())
        return y + shortcut


class ChallengeUnit(nn.Module):
    """A unit of the CIFAR-10 challenge network: leaky, with average-pooled, zero-padded shortcuts.

    Its 3 x 3 convolutions pad one pixel on every side. TensorFlow's SAME, in the original, pads a
    convolution of stride 2 at the right and the bottom alone.
    """

    activates_first = False  # True in the very first unit: its shortcut starts activated.

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.widens = inputs != outputs
        self.outputs = outputs
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = conv3x3(inputs, outputs, stride)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv2 = conv3x3(outputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = F.leaky_relu(self.bn1(x), LEAK)
        shortcut = y if self.activates_first else x
        if self.widens:
            shortcut = pad_channels(F.avg_pool2d(shortcut, self.stride), self.outputs)
        y = self.conv2(F.leaky_relu(self.bn2(self.conv1(y)), LEAK))
        return y + shortcut


class WideResNet(nn.Module):
    """`wrn-d-k`: d = 6n + 4 in its authors' form, d = 6n + 2 in that of the CIFAR-10 challenge."""

    def __init__(self, channels: int, classes: int, units: int, width: int, leaky: bool) -> None:
        super().__init__()
        filters = (16 * width, 32 * width, 64 * width)
        block = ChallengeUnit if leaky else PreActivationBlock
        self.slope = LEAK if leaky else 0.0
        self.conv1 = conv3x3(channels, 16)
        self.layer1, self.layer2, self.layer3 = stages(block, 16, filters, units)
        self.layer1[0].activates_first = True
        self.bn = nn.BatchNorm2d(filters[-1])
        self.fc = nn.Linear(filters[-1], classes)

    def forward(self, images: Tensor) -> Tensor:
        x = self.layer3(self.layer2(self.layer1(self.conv1(standardize(images)))))
        x = F.leaky_relu(self.bn(x), self.slope)
        return self.fc(x.mean((2, 3)))


def stages(
    block: type[nn.Module], inputs: int, filters: tuple[int, ...], units: int
) -> list[nn.Sequential]:
    made = []
    for outputs, stride in zip(filters, STAGE_STRIDES, strict=True):
        blocks = [block(inputs, outputs, stride)]
        blocks += [block(outputs, outputs, 1) for _ in range(units - 1)]
        made.append(nn.Sequential(*blocks))
        inputs = outputs
    return made


def build(name: str, image_shape: tuple[int, int, int], classes: int) -> nn.Module:
    """The network called `name` in Squeeze, with PyTorch's initial weights."""
    if name == "small-cnn":
        return Cnn(image_shape, classes, kernel=3, filters=16, hidden=128)
    if name == "mnist-cnn":
        return Cnn(image_shape, classes, kernel=5, filters=32, hidden=1024)
    resnet = re.fullmatch(r"resnet-(\d+)", name)
    if resnet and int(resnet[1]) >= 8 and int(resnet[1]) % 6 == 2:
        return ResNet(image_shape[0], classes, units=(int(resnet[1]) - 2) // 6)
    wide = re.fullmatch(r"wrn-(\d+)-(\d+)", name)
    if wide and int(wide[1]) >= 8 and int(wide[1]) % 6 in (2, 4):
        depth, width = int(wide[1]), int(wide[2])
        leaky = depth % 6 == 2
        return WideResNet(image_shape[0], classes, (depth - 2) // 6, width, leaky)
    raise ValueError(f"`{name}` is no network of Squeeze")


def weights(model: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers as Squeeze stores them: without BatchNorm's step counters."""
    state = model.state_dict()
    return {
        name: value for name, value in state.items() if not name.endswith("num_batches_tracked")
    }


def load(model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Puts Squeeze's tensors in place; every one must be there and fit.

    The missing step counters are no error to PyTorch: files before version 0.4.1 had none.
    """
    model.load_state_dict(dict(tensors), strict=True)


def parameter_count(model: nn.Module) -> int:
    """Numbers that training changes."""
    return sum(parameter.numel() for parameter in model.parameters())


def inference(model: nn.Module, images: Tensor, batch: int = 250) -> Tensor:
    """Logits of the model in evaluation mode, batch by batch."""
    model.eval()
    with torch.no_grad():
        return torch.cat([model(part) for part in images.split(batch)])
