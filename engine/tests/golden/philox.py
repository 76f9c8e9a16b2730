"""Squeeze's random numbers (engine/src/random.rs) and the weights of the golden tests, in numpy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

SEED = 2018
WEIGHTS, NOISE = 1, 3  # `Purpose` in random.rs.
GAIN = (
    1.0  # Standard deviation of a weight times sqrt(fan-in): keeps the logits of all networks O(1).
)


def philox4x32_10(counter: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """The ten-round Philox 4x32 bijection of each row of `counter` (uint64 [n, 4], 32 bits used)."""
    low = np.uint64(0xFFFF_FFFF)
    half = np.uint64(32)
    c0, c1, c2, c3 = counter.T.copy()
    k0, k1 = key
    for _ in range(10):
        first = c0 * np.uint64(0xD251_1F53)
        second = c2 * np.uint64(0xCD9E_8D57)
        c0, c1, c2, c3 = (
            (second >> half) ^ c1 ^ np.uint64(k0),
            second & low,
            (first >> half) ^ c3 ^ np.uint64(k1),
            first & low,
        )
        k0 = (k0 + 0x9E37_79B9) & 0xFFFF_FFFF
        k1 = (k1 + 0xBB67_AE85) & 0xFFFF_FFFF
    return np.stack([c0, c1, c2, c3], axis=1)


def uniform(seed: int, purpose: int, index: int, count: int) -> np.ndarray:
    """The first `count` numbers of `Stream::new(seed, purpose, index).uniform()`, as float32."""
    out = np.empty(count, np.float32)
    size = 1 << 18  # Numbers at a time, so that large tensors need no large temporaries.
    for start in range(0, count, size):
        end = min(start + size, count)
        blocks = np.arange(start // 4, -(-end // 4), dtype=np.uint64)
        counter = np.empty((len(blocks), 4), np.uint64)
        counter[:, 0] = blocks & np.uint64(0xFFFF_FFFF)
        counter[:, 1] = blocks >> np.uint64(32)
        counter[:, 2] = index
        counter[:, 3] = purpose
        bits = philox4x32_10(counter, (seed & 0xFFFF_FFFF, seed >> 32)).ravel()[: end - start]
        out[start:end] = ((bits >> np.uint64(9)).astype(np.float64) + 0.5) / (1 << 23)
    return out


def check_philox() -> None:
    """Known answers published with the generator (Random123, `kat_vectors`)."""
    answers = [
        ([0] * 4, (0, 0), [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        (
            [0xFFFFFFFF] * 4,
            (0xFFFFFFFF, 0xFFFFFFFF),
            [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD],
        ),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            (0xA4093822, 0x299F31D0),
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ]
    for counter, key, expected in answers:
        found = philox4x32_10(np.array([counter], np.uint64), key)[0].tolist()
        if found != expected:
            raise AssertionError(f"Philox gives {found}, not {expected}")


def golden_values(name: str, shape: Sequence[int], u: np.ndarray) -> np.ndarray:
    """The values of one tensor from its uniform numbers, computed in float64, kept in float32."""
    centred = 2.0 * u.astype(np.float64) - 1.0
    if len(shape) > 1:
        values = GAIN * math.sqrt(3.0 / math.prod(shape[1:])) * centred
    elif name.endswith("running_var"):
        values = 0.5 + u.astype(np.float64)
    elif name.endswith("running_mean"):
        values = 0.2 * centred
    elif name.endswith("weight"):
        values = 1.0 + 0.2 * centred
    else:
        values = 0.1 * centred
    return values.astype(np.float32).reshape(shape)


def golden_weights(shapes: Mapping[str, Sequence[int]]) -> dict[str, np.ndarray]:
    """All tensors of a network; the i-th in the order of their names draws from stream i."""
    return {
        name: golden_values(
            name, shapes[name], uniform(SEED, WEIGHTS, index, math.prod(shapes[name]))
        )
        for index, name in enumerate(sorted(shapes))
    }


def golden_images(shape: Sequence[int]) -> np.ndarray:
    """Images in (0, 1), float32."""
    return uniform(SEED, NOISE, 0, math.prod(shape)).reshape(shape)
