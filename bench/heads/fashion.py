"""Fashion-MNIST of Debian's dataset-fashion-mnist, and how well probabilities of it know what they say."""

import gzip
import pathlib
import struct

import numpy as np

FASHION = pathlib.Path("/usr/share/datasets/fashion-mnist")


def idx(path: pathlib.Path) -> np.ndarray:
    data = gzip.decompress(path.read_bytes())
    rank = data[3]
    shape = struct.unpack(f">{rank}I", data[4 : 4 + 4 * rank])
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    sure, right = probabilities.max(1), probabilities.argmax(1) == labels
    places = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)
    return sum(abs(right[places == b].sum() - sure[places == b].sum()) for b in range(bins)) / len(labels)
