"""Lays out what the wheel is built of: stage.py PROGRAM CHECKOUTS FOLDER

The Python client, the program, the shipped models, and the licence of everything that is in or beside the program:
CHECKOUTS are the Swift packages that are linked in, and what shared libraries it needs are those of installed Debian packages.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

# What manylinux promises to be everywhere, and what stands in for a library that may not be there.
NOT_BUNDLED = re.compile(r"lib(c|m|gcc_s|stdc\+\+|z|pthread|dl|rt|util|jbig)\.so")


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def libraries(program):
    """The shared libraries that go into the wheel, by the Debian package and version that each is of."""
    found = {}
    for path in re.findall(r"=> (/\S+)", run("ldd", program)):
        if not NOT_BUNDLED.match(Path(path).name):
            # By its name: dpkg knows some under /lib, which is a link to /usr/lib.
            package = run("dpkg", "-S", f"*-linux-gnu/{Path(path).resolve().name}").split(":")[0]
            found.setdefault((package, run("dpkg-query", "-W", "-f=${Version}", package)), []).append(Path(path).name)
    return found


def add_licences(program, checkouts, folder):
    folder.mkdir()
    lines = (HERE / "libraries").read_text().splitlines()
    known = dict(line.split(maxsplit=1) for line in lines if not line.startswith("#"))
    table = ["What is in this package beside Unmask, which is under the Apache License 2.0 (LICENSE).", "", "Shared libraries, as Debian 12 has them:", ""]
    for (package, version), names in sorted(libraries(program).items()):
        if package not in known:
            sys.exit(f"{', '.join(names)} is of {package}, whose licence is not in packaging/wheel/libraries")
        shutil.copy(f"/usr/share/doc/{package}/copyright", folder / f"{package}.txt")
        table.append(f"- {package} {version}: {known[package]} ({package}.txt): {', '.join(sorted(names))}")
    table += ["", "Linked into the program:", ""]
    swift = Path(shutil.which("swift")).resolve().parents[1] / "share/swift/LICENSE.txt"
    texts = [("Swift and its Foundation", [swift]), ("Unicode data (ICU)", [Path("/usr/share/doc/libicu72/copyright")])]
    texts += [("FAISS", [Path("/usr/share/doc/libfaiss-dev/copyright")])]
    texts += [("GCC's OpenMP, with the Runtime Library Exception", [Path("/usr/share/doc/libgomp1/copyright")])]
    texts += [(path.name, sorted([*path.glob("LICENSE*"), *path.glob("NOTICE*")])) for path in sorted(checkouts.iterdir())]
    for name, files in texts:
        kept = [f"{name.split()[0]}-{file.stem}.txt" for file in files]
        for file, copy in zip(files, kept, strict=True):
            shutil.copy(file, folder / copy)
        table.append(f"- {name} ({', '.join(kept)})")
    (folder / "CONTENTS.txt").write_text("\n".join(table) + "\n")


def main():
    program, checkouts, folder = map(Path, sys.argv[1:])
    shutil.rmtree(folder, ignore_errors=True)
    package = folder / "src/unmask"
    shutil.copytree(ROOT / "clients/python/src/unmask", package, ignore=shutil.ignore_patterns("__pycache__"))
    for target, sources in {
        package / "bin": [program],
        package / "share/unmask": [*ROOT.glob("models/fashion-*.safetensors"), *ROOT.glob("models/fashion-*.md")],
        folder: [ROOT / "LICENSE", ROOT / "clients/python/README.md", *(HERE / name for name in ("pyproject.toml", "setup.cfg", "unmask"))],
    }.items():
        target.mkdir(parents=True, exist_ok=True)
        for source in sources:
            shutil.copy(source, target)
    add_licences(program, checkouts, folder / "licences")


main()
