"""Compares `unmask preprocess` with timm's own transforms and transformers' own image processors, byte for byte: every
distinct way of preparing images that timm's pretrained_cfgs name, and the processors' defaults with their usual variations,
on wide, tall, odd, tiny and large images.

    python Tests/Oracles/images/compare_recipes.py --unmask .build/release/unmask [--seed N] [--limit 40]

Prints what was compared and every difference; exits 1 where there is one, or where nothing was compared.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "model"))
import torchvision_shim  # noqa: E402, F401  (before transformers and timm)

import numpy  # noqa: E402
import timm.models  # noqa: E402
from PIL import Image  # noqa: E402
from timm.data.transforms_factory import transforms_imagenet_eval  # noqa: E402
from timm.models._registry import _model_pretrained_cfgs  # noqa: E402
from transformers.models.beit.image_processing_pil_beit import BeitImageProcessorPil  # noqa: E402
from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil  # noqa: E402
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil  # noqa: E402
from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil  # noqa: E402
from transformers.models.deit.image_processing_pil_deit import DeiTImageProcessorPil  # noqa: E402
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil  # noqa: E402
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil  # noqa: E402

# (width, height): wide, tall, odd, tiny, the size itself and one more, large
SIZES = [(640, 211), (97, 403), (333, 257), (5, 3), (1, 40), (224, 224), (225, 223), (1999, 1501)]
PROCESSORS = [
    ViTImageProcessorPil, DeiTImageProcessorPil, BitImageProcessorPil, CLIPImageProcessorPil, SiglipImageProcessorPil,
    ConvNextImageProcessorPil, BeitImageProcessorPil,
]  # fmt: skip


def timm_cases():
    """Each distinct geometry once, with the configuration as config.json has it."""
    seen = {}
    for name, cfg in _model_pretrained_cfgs.items():
        cfg = cfg.to_dict()
        stated = {k: cfg[k] for k in ("input_size", "crop_pct", "crop_mode", "interpolation", "mean", "std")}
        key = (cfg["input_size"][1:], cfg["crop_pct"], cfg["crop_mode"], cfg["interpolation"], cfg["crop_mode"] == "border" and cfg["mean"])
        seen.setdefault(key, (f"timm {name}", stated))
    for name, cfg in seen.values():
        size = cfg["input_size"][1:]
        transform = transforms_imagenet_eval(
            img_size=tuple(size), crop_pct=cfg["crop_pct"], crop_mode=cfg["crop_mode"], interpolation=cfg["interpolation"],
            mean=cfg["mean"], std=cfg["std"], normalize=False,
        )  # fmt: skip
        yield name, {"pretrained_cfg": cfg}, size, lambda image, t=transform: numpy.asarray(t(image)).transpose(1, 2, 0)


def processor_cases():
    """The defaults of each class, and what people's files vary."""
    for kind in PROCESSORS:
        defaults = kind().to_dict()
        variants = [{}, {"resample": 0}, {"resample": 1}, {"resample": 4}, {"resample": 5}, {"resample": 2}, {"resample": 3}]
        if kind is ConvNextImageProcessorPil:
            variants += [{"size": {"shortest_edge": 224}}, {"size": {"shortest_edge": 288}, "crop_pct": 0.95}]
        else:
            variants += [
                {"size": {"shortest_edge": 97}, "do_center_crop": True, "crop_size": {"height": 64, "width": 96}},
                {"size": {"shortest_edge": 60}, "do_center_crop": True, "crop_size": {"height": 65, "width": 70}},
                {"size": {"height": 70, "width": 131}, "do_center_crop": True, "crop_size": {"height": 65, "width": 64}},
                {"do_resize": False, "do_center_crop": True, "crop_size": 63},
                {"size": 128, "do_center_crop": True, "crop_size": 112},
                {"size": 96, "do_center_crop": False} if defaults["size"].get("height") and kind is not SiglipImageProcessorPil else {},
            ]
        for variant in variants:
            processor = kind(**variant)
            config = json.loads(json.dumps(defaults | variant))
            size = processor.crop_size if processor.do_center_crop else processor.size
            size = [size["height"], size["width"]] if size.get("height") else [size["shortest_edge"]] * 2

            def run(image, p=processor):
                return p(images=image, do_rescale=False, do_normalize=False, return_tensors="np")["pixel_values"][0].transpose(1, 2, 0)

            yield f"{kind.__name__} {variant}", config, size, run


def ours(unmask, image, config, size, out):
    command = [unmask, "preprocess", image, "--recipe", config, "--size", f"{size[0]}x{size[1]}", "--out", out]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode < 0:
        return f"died of signal {-result.returncode}"
    return numpy.load(out) if result.returncode == 0 else result.stderr.strip()


def compare(options, folder, index, case, paths):
    name, config, size, oracle = case
    file = folder / f"config-{index}.json"
    file.write_text(json.dumps(config))
    equal, refused, different = 0, 0, []
    for path in paths:
        try:
            expected = oracle(Image.open(path).convert("RGB"))
        except Exception as error:
            expected = f"{type(error).__name__}: {error}"
        found = ours(options.unmask, path, file, size, folder / f"out-{index}.npy")
        if isinstance(expected, str) and isinstance(found, str) and "signal" not in found:
            refused += 1
        elif isinstance(expected, str) or isinstance(found, str) or found.shape != expected.shape:
            different.append(f"{name}, {path.name}: unmask {describe(found)}; oracle {describe(expected)}")
        elif (found == expected).all():
            equal += 1
        else:
            off = (found != expected).any(axis=2).mean()
            different.append(f"{name}, {path.name}: {off:.1%} of the pixels differ")
    return equal, refused, different


def describe(result):
    return result[:200] if isinstance(result, str) else f"gives {result.shape}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--unmask", required=True, help="the program to compare")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31), help="of the images, and of the sample")
    parser.add_argument("--limit", type=int, help="at most so many of timm's, by chance")
    options = parser.parse_args()
    print(f"seed {options.seed}")
    noise = numpy.random.default_rng(options.seed)
    cases = list(timm_cases())
    if options.limit and options.limit < len(cases):
        cases = random.Random(options.seed).sample(cases, options.limit)
    cases += processor_cases()
    with tempfile.TemporaryDirectory() as name:
        folder, paths = Path(name), []
        for width, height in SIZES:
            paths.append(folder / f"{width}x{height}.png")
            # Blocks of noise: edges at every distance, and files that decode quickly.
            small = noise.integers(0, 256, (height // 3 + 1, width // 3 + 1, 3), dtype=numpy.uint8)
            Image.fromarray(small.repeat(3, 0).repeat(3, 1)[:height, :width]).save(paths[-1], compress_level=1)
        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda item: compare(options, folder, item[0], item[1], paths), enumerate(cases)))
    different = [line for _, _, lines in results for line in lines]
    for line in different:
        print(line)
    equal, refused = sum(r[0] for r in results), sum(r[1] for r in results)
    print(f"{len(cases)} ways of preparing images: {equal} equal, {refused} refused by both, {len(different)} different")
    sys.exit(1 if different or not equal else 0)


if __name__ == "__main__":
    main()
