"""Says what is in the wheel, and fails where something is that must not be handed on: contents.py WHEEL"""

import re
import sys
import zipfile
from pathlib import Path

# HEIC's, whose encoder is under the GPL; and what only JBIG-KIT says, which is too.
FORBIDDEN_NAMES = re.compile(r"x265|libheif|libde265")
FORBIDDEN_TEXT = b"JBIG-KIT"

wheel = Path(sys.argv[1])
archive = zipfile.ZipFile(wheel)
files = archive.infolist()
kinds = {"models": r"share/unmask/", "program": r"bin/unmask$", "libraries": r"\.libs/", "the rest": ""}
sizes = dict.fromkeys(kinds, 0)
for file in files:
    is_library = ".libs/" in file.filename
    if FORBIDDEN_NAMES.search(file.filename) or is_library and FORBIDDEN_TEXT in archive.read(file):
        sys.exit(f"{file.filename} must not be in the wheel")
    sizes[next(kind for kind, name in kinds.items() if re.search(name, file.filename))] += file.compress_size
print(wheel)
print(f"{sum(sizes.values()) / 1e6:.1f} MB: " + ", ".join(f"{kind} {size / 1e6:.1f}" for kind, size in sizes.items()))
