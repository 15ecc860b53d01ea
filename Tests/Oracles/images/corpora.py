"""The images that Debian 12 packages carry: where they are, and which of their files are asked about."""

import os
from pathlib import Path

PACKAGES = {
    "golang-1.19-src": "usr/share/go-1.19/src/image",
    "golang-golang-x-image-dev": "usr/share/gocode/src/golang.org/x/image",
    "golang-github-rwcarlsen-goexif-dev": "usr/share/gocode/src/github.com/rwcarlsen/goexif",
    "golang-github-disintegration-imaging-dev": "usr/share/gocode/src/github.com/disintegration/imaging",
    "lomiri-wallpapers-16.04": "usr/share/backgrounds",
}
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}


def root():
    """UNMASK_CORPORA: where the packages are unpacked (`dpkg-deb -x`), or / where they are installed."""
    return Path(os.environ.get("UNMASK_CORPORA", "/"))


def files(package):
    """The package's images, sorted; links left out."""
    folder = root() / PACKAGES[package]
    found = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    return sorted(path for path in found if path.is_file() and not path.is_symlink())
