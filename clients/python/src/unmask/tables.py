"""Tables and indexes: what a Parquet, Arrow or CSV table has becomes a source of `unmask index build`, and an index a Parquet file.

    python -m unmask.tables source photos.parquet --image-column image -o source
    unmask index build source/*.tar -o photos.unmask --model MODEL
    python -m unmask.tables export photos.unmask -o photos.parquet

It needs pyarrow: `pip install unmask-client[tables]`.
"""

from __future__ import annotations

import argparse
import datetime
import decimal
import io
import json
import math
import os
import sys
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

_FORMATS = {".parquet": "parquet", ".arrow": "ipc", ".feather": "ipc", ".csv": "csv"}
# What a file of this kind begins with, at which byte.
_BEGINNINGS = [
    (0, b"\xff\xd8\xff", ".jpg"), (0, b"\x89PNG", ".png"), (8, b"WEBP", ".webp"), (0, b"GIF8", ".gif"), (0, b"BM", ".bmp"),
    (0, b"II*\x00", ".tif"), (0, b"MM\x00*", ".tif"), (4, b"ftypavif", ".avif"), (4, b"ftyp", ".heic"),
]  # fmt: skip


@dataclass
class Source:
    """What `write_source` has written."""

    archives: list[Path] = field(default_factory=list)
    """For `unmask index build`, with the metadata in them."""
    list: Path | None = None
    """Paths of images that the table names and does not hold, one a line, for `unmask index build - --metadata … < LIST`."""
    metadata: Path | None = None
    """Of those."""
    images: int = 0
    empty: int = 0
    """Rows without an image."""
    left_out: tuple[str, ...] = ()
    """Columns that are no metadata: nested ones, and bytes."""


def write_source(
    table: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    image_column: str,
    path_column: str | None = None,
    metadata_columns: Sequence[str] | None = None,
    shard_bytes: int = 1 << 30,
) -> Source:
    """Writes a table's images as WebDataset's tar archives into a new folder; the same table gives the same bytes.

    The image column has bytes, paths, or structs of `bytes` and `path`, as Hugging Face's data sets do. An image of bytes is called
    by its row's number. The other columns become metadata; without `metadata_columns` all that are flat, `path_column` among them.

    Raises:
        ValueError: where a column is not there, or a number cannot be kept; `out` has nothing that is not whole.
    """
    dataset = _dataset(Path(table))
    out = Path(out)
    columns = _columns(dataset.schema, image_column, path_column, metadata_columns)
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise ValueError(f"{out}: expected a new or an empty folder")
    source = Source(left_out=columns.left_out)
    archive = _Archives(out, shard_bytes, source.archives)
    named: list[tuple[str, dict[str, Any]]] = []
    number = -1
    for batch in dataset.to_batches(columns=[image_column, *columns.metadata], batch_size=64, batch_readahead=1):
        for row in batch.to_pylist():
            number += 1
            content, path = _image(row[image_column])
            metadata = {name: value for name in columns.metadata if (value := _value(row[name], name, number)) is not None}
            if content is not None:
                archive.add(f"{number:09}", content, path, metadata)
            elif path:
                named.append((path, metadata))
            else:
                source.empty += 1
                continue
            source.images += 1
    archive.finish()
    if named:
        source.list, source.metadata = out / "images.list", out / "metadata.jsonl"
        _write_whole(source.list, "".join(f"{path}\n" for path, _ in named).encode())
        lines = (json.dumps({**metadata, "path": os.path.abspath(path)}, ensure_ascii=False) for path, metadata in named)
        _write_whole(source.metadata, "".join(line + "\n" for line in lines).encode())
    return source


def read_index(index: str | os.PathLike[str]) -> Iterator[tuple[int, dict[str, Any], NDArray[np.float32]]]:
    """The images of an index that are not deleted, each with its row and the row's vector; in order, a shard in memory at a time."""
    folder = Path(index)
    manifest = json.loads((folder / "index.json").read_text())["manifest"]
    found = (manifest["format"], manifest["version"], manifest["byte_order"])
    if found != ("unmask-index", 1, "little"):
        raise ValueError(f"{folder}: an index of {found}: expected unmask-index of version 1, little")
    dimension, per_shard = manifest["dimension"], manifest["shard_rows"]
    deleted, record = set(manifest["deleted"]), 0
    shards = [
        np.memmap(folder / f"{number:06}.f32", "<f4", "r", shape=(shard["rows"], dimension)) if shard["rows"] else None
        for number, shard in enumerate(manifest["shards"])
    ]
    for number, shard in enumerate(manifest["shards"]):
        with open(folder / f"{number:06}.jsonl", "rb") as lines:
            for line in lines.read(shard["lines"]["bytes"]).splitlines():
                if record not in deleted:
                    image = json.loads(line)
                    row = image["row"] if "row" in image else image["same"]
                    vectors = shards[row // per_shard]
                    assert vectors is not None
                    yield row, image, np.asarray(vectors[row % per_shard])
                record += 1


def write_parquet(index: str | os.PathLike[str], out: str | os.PathLike[str]) -> int:
    """Writes an index as a Parquet file of an image a row: `path`, `row` (equal for images of equal pixels), `content`, `bytes`,
    `modified`, `metadata` (a struct, null where an image has none) and `vector`. The stamp is among the schema's metadata.

    Returns:
        How many images it has.
    """
    import pyarrow as pa
    import pyarrow.parquet

    manifest = json.loads((Path(index) / "index.json").read_text())["manifest"]
    kinds: dict[str, Any] = {}
    for _, image, _ in read_index(index):
        for name, value in image.get("metadata", {}).items():
            kinds[name] = _wider(kinds.get(name), value, pa)
    fields = [
        pa.field("path", pa.string()), pa.field("row", pa.int64()), pa.field("content", pa.string()), pa.field("bytes", pa.int64()),
        pa.field("modified", pa.int64()),
        *([pa.field("metadata", pa.struct(sorted(kinds.items())))] if kinds else []),
        pa.field("vector", pa.list_(pa.float32(), manifest["dimension"])),
    ]  # fmt: skip
    schema = pa.schema(fields, {"unmask.stamp": json.dumps(manifest["stamp"], sort_keys=True)})
    part, count = Path(f"{out}.part"), 0
    try:
        with pyarrow.parquet.ParquetWriter(part, schema) as writer:
            rows: list[dict[str, Any]] = []
            for row, image, vector in read_index(index):
                rows.append({**image, "row": row, "vector": vector})
                count += 1
                if len(rows) == 4096:
                    writer.write_table(pa.Table.from_pylist(rows, schema))
                    rows = []
            writer.write_table(pa.Table.from_pylist(rows, schema))
        os.replace(part, out)
    finally:
        part.unlink(missing_ok=True)
    return count


def _wider(known: Any, value: Any, pa: Any) -> Any:
    """The type of a column that has this value too."""
    if value is None:
        return known or pa.null()
    own = pa.bool_() if isinstance(value, bool) else {int: pa.int64(), float: pa.float64()}.get(type(value), pa.string())
    return pa.float64() if known == pa.float64() and own == pa.int64() else own


@dataclass(frozen=True)
class _Columns:
    metadata: tuple[str, ...]
    left_out: tuple[str, ...]


def _columns(schema: Any, image: str, path: str | None, chosen: Sequence[str] | None) -> _Columns:
    import pyarrow.types as types

    for name in [image, *([path] if path else []), *(chosen or [])]:
        if name not in schema.names:
            raise ValueError(f"there is no column “{name}”; there are {', '.join(schema.names)}")

    def is_flat(kind: Any) -> bool:
        kind = kind.value_type if types.is_dictionary(kind) else kind
        return not (types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind))

    wanted = [*([path] if path and path not in (chosen or []) else []), *(schema.names if chosen is None else chosen)]
    wanted = [name for place, name in enumerate(wanted) if name != image and name not in wanted[:place]]
    flat = tuple(name for name in wanted if is_flat(schema.field(name).type))
    left_out = tuple(name for name in wanted if name not in flat)
    if chosen is not None and left_out:
        raise ValueError(f"{', '.join(left_out)}: nested columns, and bytes, cannot be metadata")
    return _Columns(flat, left_out)


def _dataset(table: Path) -> Any:
    import pyarrow.dataset

    if not table.exists():
        raise ValueError(f"{table}: no such file or folder")
    names = [table] if table.is_file() else sorted(path for path in table.rglob("*") if path.suffix in _FORMATS)
    kinds = {_FORMATS.get(name.suffix) for name in names}
    if len(kinds) != 1 or None in kinds:
        raise ValueError(f"{table}: expected tables of one kind: {', '.join(_FORMATS)}")
    return pyarrow.dataset.dataset([str(name) for name in names], format=kinds.pop())


def _image(cell: Any) -> tuple[bytes | None, str | None]:
    if isinstance(cell, dict):
        return cell.get("bytes"), cell.get("path")
    if isinstance(cell, str):
        return None, cell
    if cell is None or isinstance(cell, bytes):
        return cell, None
    raise ValueError(f"the image column has {type(cell).__name__}: expected bytes, paths, or structs of bytes and path")


def _value(value: Any, name: str, row: int) -> Any:
    """As metadata have it; None of what says nothing."""
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, datetime.timedelta)):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return None
        raise ValueError(f"row {row}, column “{name}”: {value} is no number that metadata keep")
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"row {row}, column “{name}”: {value} has more than 64 bits")
    return value


class _Archives:
    """Tar archives of an image and its metadata each, none much larger than a limit; each appears whole."""

    def __init__(self, out: Path, limit: int, written: list[Path]) -> None:
        self._out, self._limit, self._written = out, limit, written
        self._file: BinaryIO | None = None
        self._tar: tarfile.TarFile | None = None

    def add(self, key: str, image: bytes, path: str | None, metadata: dict[str, Any]) -> None:
        if self._file is not None and self._file.tell() > self._limit:
            self.finish()
        if self._tar is None:
            self._file = open(self._out / f"{len(self._written):06}.tar.part", "wb")
            self._tar = tarfile.open(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)
        self._member(key + _ending(image, path), image)
        if metadata:
            self._member(key + ".json", json.dumps(metadata, ensure_ascii=False, sort_keys=True).encode())

    def _member(self, name: str, content: bytes) -> None:
        assert self._tar is not None
        header = tarfile.TarInfo(name)
        header.size = len(content)
        self._tar.addfile(header, io.BytesIO(content))

    def finish(self) -> None:
        if self._tar is None or self._file is None:
            return
        self._tar.close()
        self._file.close()
        whole = self._out / f"{len(self._written):06}.tar"
        os.replace(f"{whole}.part", whole)
        self._written.append(whole)
        self._tar = self._file = None


def _ending(image: bytes, path: str | None) -> str:
    for place, beginning, ending in _BEGINNINGS:
        if image[place : place + len(beginning)] == beginning:
            return ending
    # What it is nobody can tell: the index's list of failures will say so under this name.
    return Path(path or "").suffix.lower() or ".jpg"


def _write_whole(path: Path, content: bytes) -> None:
    part = Path(f"{path}.part")
    part.write_bytes(content)
    os.replace(part, path)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m unmask.tables", description="Tables as sources of indexes, and indexes as tables.")
    commands = parser.add_subparsers(dest="command", required=True)
    source = commands.add_parser("source", help="write a table's images as tar archives for unmask index build")
    source.add_argument("table", help="a Parquet, Arrow or CSV file, or a folder of such")
    source.add_argument("--image-column", required=True, help="bytes, paths, or structs of both")
    source.add_argument("--path-column", help="a column that becomes metadata even where --metadata-columns leaves it out")
    source.add_argument("--metadata-columns", help="names, separated by commas; default: all flat ones")
    source.add_argument("-o", "--output", required=True, help="a new folder")
    export = commands.add_parser("export", help="write an index as a Parquet file")
    export.add_argument("index")
    export.add_argument("-o", "--output", required=True, help="a Parquet file")
    given = parser.parse_args(arguments)
    try:
        if given.command == "export":
            print(json.dumps({"out": given.output, "images": write_parquet(given.index, given.output)}))
            return 0
        chosen = given.metadata_columns.split(",") if given.metadata_columns is not None else None
        written = write_source(
            given.table, given.output, image_column=given.image_column, path_column=given.path_column, metadata_columns=chosen
        )
    except ImportError:
        print("error: pyarrow is not installed: pip install unmask-client[tables]", file=sys.stderr)
        return 2
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if written.left_out:
        print(f"warning: {', '.join(written.left_out)}: nested columns, and bytes, are left out", file=sys.stderr)
    if written.empty:
        print(f"warning: {written.empty} rows have no image", file=sys.stderr)
    print(
        json.dumps({
            "archives": [str(path) for path in written.archives], "list": written.list and str(written.list),
            "metadata": written.metadata and str(written.metadata), "images": written.images})
    )  # fmt: skip
    return 0 if written.images else 2


if __name__ == "__main__":
    sys.exit(main())
