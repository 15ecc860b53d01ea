"""What Pillow makes of an image: the pixels that Unmask must equal, by Pillow and plain arithmetic alone."""

import math
import warnings

import pillow_heif
from PIL import Image, ImageOps

pillow_heif.register_heif_opener()
Image.MAX_IMAGE_PIXELS = None
RECIPES = ("mae", "timm", "hf", "squash")


def upright(path, view=None):
    """The image with its EXIF orientation applied; as stored where Pillow cannot read the EXIF block. For a view (recipe, height,
    width) a JPEG is read in Pillow's draft mode, for twice the size that it is then resized to."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = Image.open(path)
        if view:
            turned = image.getexif().get(0x0112, 1) >= 5
            whole = Image.new("1", image.size[::-1] if turned else image.size)
            width, height = resized(whole, *view).size
            image.draft(None, (2 * height, 2 * width) if turned else (2 * width, 2 * height))
        image.load()
        try:
            return ImageOps.exif_transpose(image)
        except Exception:
            return image


def decode(path, channels=3, view=None):
    """RGB, or gray by convert("L"); transparency composited over white first."""
    image = upright(path, view)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")
    return image.convert("L") if channels == 1 else image


def resize(image, shorter):
    """torchvision.transforms.Resize(shorter, BICUBIC) on a Pillow image."""
    width, height = image.size
    short, long = min(width, height), max(width, height)
    longer = int(shorter * long / short)
    size = (shorter, longer) if width <= height else (longer, shorter)
    return image if size == image.size else image.resize(size, Image.BICUBIC)


def resize_keep_ratio(image, height, width):
    """timm.data.transforms.ResizeKeepRatio((height, width), BICUBIC): the image covers the size."""
    ratio = min(image.height / height, image.width / width)
    return image.resize((round(image.width / ratio), round(image.height / ratio)), Image.BICUBIC)


def center_crop(image, height, width):
    """torchvision.transforms.CenterCrop((height, width)) on an image that is large enough."""
    top = int(round((image.height - height) / 2.0))
    left = int(round((image.width - width) / 2.0))
    return image.crop((left, top, left + width, top + height))


def resized(image, recipe, height, width):
    """A decoded image as the recipe resizes it."""
    if recipe == "hf":
        return image.resize((width, height), Image.BILINEAR)
    if recipe == "squash":
        return image.resize((width, height), Image.BICUBIC)
    if recipe == "mae":
        scaled = [int(side / 0.875) if side <= 224 else side for side in (height, width)]
    else:
        scaled = [math.floor(side / 0.9) for side in (height, width)]
    return resize(image, scaled[0]) if height == width else resize_keep_ratio(image, *scaled)


def prepare(image, recipe, height, width):
    """A decoded image as the recipe shows it to a model."""
    image = resized(image, recipe, height, width)
    return image if recipe in ("hf", "squash") else center_crop(image, height, width)
