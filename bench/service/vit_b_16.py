"""ViT-B/16 with random weights, as an Unmask checkpoint, and photographs to show it. Made once, in build/trials."""

import os
import shutil
import subprocess
import sys

from harness import FILES, ROOT

sys.path.insert(0, str(ROOT / "Tests/Oracles/images"))
PHOTOGRAPHS, SIZE = 64, (640, 480)


def folder():
    """transformers' model, as a Hugging Face folder."""
    made = FILES / "vit-b-16"
    if not made.exists():
        import torch
        from transformers import ViTConfig, ViTModel

        torch.manual_seed(0)
        part = made.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        ViTModel(ViTConfig(), add_pooling_layer=False).save_pretrained(part)
        os.rename(part, made)
    return made


def checkpoint(o):
    made = FILES / "vit-b-16.safetensors"
    if not made.exists():
        FILES.mkdir(parents=True, exist_ok=True)
        subprocess.run([o.unmask, "convert", str(folder()), str(made)], check=True)
    return made


def photographs():
    """JPEG files of 640x480, quality 90: parts of the wallpapers that a Debian package carries."""
    made = FILES / "photographs"
    if not (made / "made").exists():
        import corpora
        from PIL import Image, ImageOps

        made.mkdir(parents=True, exist_ok=True)
        sources = [Image.open(path).convert("RGB") for path in corpora.files("lomiri-wallpapers-16.04")]
        for index in range(PHOTOGRAPHS):
            image = sources[index % len(sources)]
            share = 0.5 + 0.1 * (index // len(sources))
            part = ImageOps.fit(image, SIZE, centering=(share, 1 - share), bleed=0.02 * (index // len(sources)))
            part.save(made / f"{index:02}.jpg", quality=90)
        (made / "made").touch()
    return made
