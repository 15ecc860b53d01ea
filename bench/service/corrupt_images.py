"""10,000 images, one in twenty corrupt, over 32 pipelined connections: every good one must get its own vector, to the
bit, and every bad one its own error; none mismatched, lost or doubled.

The images are made of the photographs and test images that Debian packages carry (Tests/Oracles/images/corpora.py says
which): crops at random places, encoded as JPEG at random qualities, subsamplings and kinds, or PNG; the corrupt ones cut
off or overwritten; and the corpora's own JPEG files, some of which are corrupt by design. What each image should give is
what `unmask embed` says of the file.
"""

import asyncio
import io
import json
import random
import subprocess
import sys

import numpy as np
from harness import FILES, ROOT, SMALL_MODEL, Server, Trial, options

sys.path.insert(0, str(ROOT / "Tests/Oracles/images"))
import corpora  # noqa: E402
from PIL import Image  # noqa: E402
from unmask._wire import ReplyReader, encode_request  # noqa: E402

COUNT, CORRUPT, CONNECTIONS, IN_FLIGHT, SEED = 10_000, 0.05, 32, 16, 20_240_601


def main():
    o = options(__doc__)
    trial = Trial("10,000 images, 5 % corrupt, 32 pipelined connections", o)
    folder = FILES / "corpora"
    make_images(folder)
    names = sorted(path.name for path in folder.iterdir() if path.suffix == ".jpg")
    expected = expectation(o, folder)
    bad = {name for name in names if isinstance(expected[name], str)}
    trial.figure("images", len(names))
    trial.figure("of them without a vector", len(bad))
    with Server(o) as server:
        answers, stray = asyncio.run(ask(server.path, folder, names))
    wrong = [name for name in names if not matches(expected[name], answers.get(name))]
    trial.figure("answered", sum(len(found) for found in answers.values()))
    trial.check("every image has exactly one answer", all(len(answers.get(name, [])) == 1 for name in names))
    trial.check("no answer belongs to no request", not stray)
    trial.check("every good one has its own vector to the bit, every bad one its own error", not wrong)
    vectors = {expected[name] for name in names} - {expected[name] for name in bad}
    trial.figure("different vectors among the good ones", len(vectors))
    trial.check("mistaking one for another would show", len(vectors) > 0.99 * (len(names) - len(bad)))
    trial.check("at least 5 % are bad", len(bad) >= CORRUPT * len(names))
    for name in wrong[:5]:
        print(f"   {name}: expected {str(expected[name])[:60]!r}, found {str(answers.get(name))[:60]!r}")
    trial.finish()


def make_images(folder):
    """Once; the same seed gives the same files."""
    stamp = folder / "made"
    if stamp.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(SEED)
    found = [path for package in corpora.PACKAGES for path in corpora.files(package)]
    own = [path for path in found if path.suffix.lower() in (".jpg", ".jpeg") and path.stat().st_size < 200_000]
    sources = []
    for path in found:
        try:
            image = Image.open(path).convert("RGBA").convert("RGB")
        except Exception:  # made to be unreadable
            continue
        if min(image.size) >= 64:
            image.thumbnail((1600, 1600))
            sources.append(image)
    for index, path in enumerate(own):
        (folder / f"{index:05}.jpg").write_bytes(path.read_bytes())
    for index in range(len(own), COUNT):
        data = encoded(rng, rng.choice(sources))
        if index % 20 == 0:
            data = damaged(rng, data)
        (folder / f"{index:05}.jpg").write_bytes(data)
    stamp.touch()


def encoded(rng, image):
    side = [rng.randrange(16, min(320, length)) for length in image.size]
    left, top = (rng.randrange(0, length - part + 1) for length, part in zip(image.size, side))
    part = image.crop((left, top, left + side[0], top + side[1]))
    if rng.random() < 0.15:
        part = part.convert("L")
    file = io.BytesIO()
    if rng.random() < 0.1:
        part.save(file, "PNG")
    else:
        kind = {"progressive": rng.random() < 0.3, "optimize": rng.random() < 0.3, "subsampling": rng.randrange(3)}
        part.save(file, "JPEG", quality=rng.randrange(30, 98), **kind)
    return file.getvalue()


def damaged(rng, data):
    """Cut off, or with no image's beginning, or nothing like an image."""
    kind = rng.randrange(3)
    if kind == 0:
        return data[: rng.randrange(2, len(data) // 2)]
    if kind == 1:
        return b"\xff\xd8\xff\xe0" + rng.randbytes(len(data) - 4)
    return rng.randbytes(len(data))


def expectation(o, folder):
    """{name: vector's bytes, or error type}, as the command line has it."""
    file = FILES / "corpora.npy"
    command = [o.unmask, "embed", str(folder), "--model", str(SMALL_MODEL), "--out", str(file)]
    if subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode > 1:
        sys.exit("unmask embed failed")
    vectors = np.load(file)
    lines = [json.loads(line) for line in file.with_name("corpora.manifest.jsonl").read_text().splitlines()]
    return {
        line["path"].rsplit("/", 1)[1]: vectors[line["row"]].tobytes() if "row" in line else line["error"]["type"]
        for line in lines
    }


async def ask(path, folder, names):
    """{name: [what was answered]}, and the answers that belong to nothing."""
    answers, stray = {}, []
    await asyncio.gather(
        *(converse(path, folder, names[turn::CONNECTIONS], answers, stray) for turn in range(CONNECTIONS))
    )
    return answers, stray


async def converse(path, folder, names, answers, stray):
    """One connection, which has up to IN_FLIGHT requests under way. Ids are the files' names."""
    reader, writer = await asyncio.open_unix_connection(path)
    room, missing = asyncio.Semaphore(IN_FLIGHT), set(names)

    async def send():
        params = {"images": [{"frame": 0}], "encoding": "frame"}
        for name in names:
            await room.acquire()
            writer.writelines(encode_request(name, "embed", params, [(folder / name).read_bytes()]))
            await writer.drain()

    sending, replies = asyncio.create_task(send()), ReplyReader(1 << 20)
    while missing and (data := await asyncio.wait_for(reader.read(1 << 16), 60)):
        for reply in replies.feed(data):
            room.release()
            if reply.id not in missing:
                stray.append(reply.id)
            missing.discard(reply.id)
            answers.setdefault(reply.id, []).append(outcome(reply))
    # A doubled answer would come now.
    try:
        stray += replies.feed(await asyncio.wait_for(reader.read(1 << 16), 0.3))
    except asyncio.TimeoutError:
        pass
    await sending
    writer.close()


def outcome(reply):
    if reply.error is not None:
        return f"refused: {reply.error}"
    item = reply.result["results"][0]
    return item["error"]["type"] if "error" in item else reply.frames[item["embedding"]["frame"]]


def matches(expected, found):
    return found is not None and found == [expected]


if __name__ == "__main__":
    main()
