"""An index that follows its folders: real files come, change and go, and each line that is printed is on the disk."""

import json
import os
import shutil
import signal
import subprocess

import pytest
from conftest import ROOT, SAMPLES, program

MODEL = ROOT / "models/fashion-mae.safetensors"
OPTIONS = ["--model", MODEL, "--pooling", "mean", "--no-cache"]


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "old").mkdir(parents=True)
    for place, sample in zip(["a.png", "old/b.png"], SAMPLES):
        shutil.copyfile(sample, folder / place)
    return folder


@pytest.fixture
def following(photos, tmp_path):
    command = [program(), "index", "build", photos, "-o", tmp_path / "i", "--follow", *OPTIONS]
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.wait()


def paths(index):
    manifest = json.loads((index / "index.json").read_text())["manifest"]
    lines = [line for number, shard in enumerate(manifest["shards"])
             for line in (index / f"{number:06}.jsonl").read_bytes()[:shard["lines"]["bytes"]].splitlines()]
    return {json.loads(line)["path"] for number, line in enumerate(lines) if number not in manifest["deleted"]}


def wait(process, **wanted):
    """Reads lines until their sums are what was done."""
    sums = dict.fromkeys(wanted, 0)
    while any(sums[name] < number for name, number in wanted.items()):
        line = process.stdout.readline()
        assert line, process.stderr.read()
        for name in sums:
            sums[name] += json.loads(line)[name]
    assert sums == wanted


def expected(photos, *names):
    return {str(photos / name) for name in names}


def test_files_that_come_change_and_go_are_followed(following, photos, tmp_path):
    index = tmp_path / "i"
    wait(following, embedded=2)
    assert paths(index) == expected(photos, "a.png", "old/b.png")
    # Half of it first: it is read when it is closed.
    bytes = SAMPLES[2].read_bytes()
    with open(photos / "slow.png", "wb", buffering=0) as slow:
        slow.write(bytes[:100])
        shutil.copyfile(SAMPLES[3], photos / "quick.png")
        wait(following, embedded=1, failed=0)
        assert paths(index) == expected(photos, "a.png", "old/b.png", "quick.png")
        slow.write(bytes[100:])
    wait(following, embedded=1, failed=0)
    # Moved in under a name that shows when it is whole, in a new folder.
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    shutil.copyfile(SAMPLES[4], outside / "deep/d.png")
    os.rename(outside, photos / "new")
    wait(following, embedded=1)
    shutil.copyfile(SAMPLES[0], photos / "new/copy.png")
    wait(following, duplicates=1)
    assert paths(index) == expected(
        photos, "a.png", "old/b.png", "quick.png", "slow.png", "new/deep/d.png", "new/copy.png")
    # Changed, failing, mended, removed, moved.
    shutil.copyfile(SAMPLES[5], photos / "a.png")
    wait(following, embedded=1, deleted=0)
    (photos / "bad.png").write_bytes(b"no image")
    wait(following, failed=1)
    shutil.copyfile(SAMPLES[6], photos / "bad.png")
    wait(following, embedded=1)
    assert (index / "errors.jsonl").read_bytes() == b""
    (photos / "worse.png").write_bytes(b"no image")
    wait(following, failed=1)
    (photos / "worse.png").unlink()
    assert json.loads(following.stdout.readline())["deleted"] == 0
    assert json.loads((index / "index.json").read_text())["manifest"]["errors"]["bytes"] == 0
    (photos / "quick.png").unlink()
    wait(following, deleted=1)
    os.rename(photos / "new", photos / "moved")
    wait(following, deleted=2, duplicates=2)
    shutil.rmtree(photos / "old")
    wait(following, deleted=1)
    last = expected(photos, "a.png", "slow.png", "moved/deep/d.png", "moved/copy.png", "bad.png")
    assert paths(index) == last
    following.send_signal(signal.SIGTERM)
    assert following.wait() == 0, following.stderr.read()
    assert paths(index) == last
    again = subprocess.run([program(), "index", "update", photos, "-o", index, *OPTIONS], capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    after = json.loads(again.stdout)
    assert (after["embedded"], after["duplicates"], after["deleted"]) == (0, 0, 0)


def test_what_was_told_is_there_after_a_kill(following, photos, tmp_path):
    wait(following, embedded=2)
    shutil.copyfile(SAMPLES[2], photos / "c.png")
    wait(following, embedded=1)
    following.kill()
    following.wait()
    assert paths(tmp_path / "i") == expected(photos, "a.png", "old/b.png", "c.png")


def test_only_folders_are_followed(photos, tmp_path):
    for arguments, words in [([photos / "a.png"], "watches folders"), ([photos, "--workers", "1/2"], "--workers")]:
        command = [program(), "index", "build", *arguments, "-o", tmp_path / "i", "--follow", *OPTIONS]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        assert done.returncode == 2 and words in done.stderr
