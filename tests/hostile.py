"""Files and requests made to harm, all from one seed; each with a name that says how."""

import io
import json
import pickle
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 20_260
IDS = [f"e{number}" for number in range(6)]
HUGE = "9" * 400
DEEP = 100_000

# Text that has broken something somewhere.
TEXTS = {
    "a NUL": "a\0b",
    "half a surrogate pair": "\ud800",
    "a formula": '=HYPERLINK("http://evil")',
    "a script": "<script>alert(1)</script>",
    "text turned round": "\u202etxt.exe",
    "a path upwards": "../../etc/passwd",
    "ten million letters": "x" * 10_000_000,
    "nothing": "",
    "a template": "{{ settings.SECRET_KEY }}{% debug %}",
    "a format": "{0.__class__}%s%n",
    "a quote": "'; DROP TABLE accounts_user; --",
    "line breaks": "a\r\nSet-Cookie: x=1\n\n",
}
NUMBERS = ["NaN", "1e999", "-Infinity", HUGE, "1e-400", "0x10", "1_000", "٣", "--1", "1e5e5"]

File = tuple[str, bytes]


def png(
    width: int, height: int, *, mode: int = 0, data: bytes | None = None, claim: int | None = None
) -> bytes:
    """A grey PNG; `claim` is a width its header says and its data have not."""
    rows = data if data is not None else b"".join(b"\0" + bytes(width) for _ in range(height))

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", claim or width, height, 8, mode, 0, 0, 0)
    packed = zlib.compress(rows, 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


def npy(shape: tuple[int, ...], kind: str = "<f8", body: bytes = b"") -> bytes:
    """A header of numpy's; with a shape of terabytes it is 128 bytes long."""
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    header = header.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + body


class Bomb:
    def __reduce__(self) -> Any:
        return exec, ("raise SystemExit('the pickle was opened')",)


def foreign() -> Iterator[File]:
    """Files of other kinds, to be sent under every name."""
    yield "a pickle", pickle.dumps(Bomb())
    yield "an npy of eight terabytes", npy((10**12,))
    yield "an npy of objects", npy((1,), "|O", pickle.dumps([Bomb()]))
    yield "an empty ZIP", archive({})
    yield "an ELF", b"\x7fELF" + bytes(200)
    yield "a gzip bomb", zlib.compress(bytes(50_000_000), 9)
    yield "one byte", b"\0"
    yield "only line breaks", b"\n" * 100_000
    yield "UTF-16", "example_id,prediction\ne0,cat\n".encode("utf-16")
    yield "invalid UTF-8", b"example_id,prediction\n\xff\xfe\x80,\xc3\x28\n"
    yield "HTML", b"<!doctype html><title>Sign in</title>"


def archive(members: dict[str, bytes], **changes: Any) -> bytes:
    """A ZIP whose members keep the names they were given."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for name, body in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = changes.get("attributes", 0o644) << 16
            file.writestr(info, body)
    return target.getvalue()


def damaged(content: bytes, *, times: int) -> Iterator[File]:
    """The same file cut short, and with some of its bytes changed."""
    rng = np.random.default_rng([SEED, len(content)])
    for number in range(times):
        cut = int(rng.integers(1, len(content)))
        yield f"cut at byte {cut}", content[:cut]
        changed = bytearray(content)
        for at in rng.integers(0, len(content), size=3):
            changed[at] = rng.integers(0, 256)
        yield f"three bytes changed ({number})", bytes(changed)


def csv_files(good: str = "cat") -> Iterator[File]:
    head = "example_id,prediction\n"
    for name, text in TEXTS.items():
        quoted = text.encode(errors="surrogatepass").replace(b'"', b'""')
        yield f"{name} as a prediction", head.encode() + b'e0,"' + quoted + b'"\n'
        if len(text) < 1000:
            yield f"{name} as an id", head.encode() + b'"' + quoted + b'",' + good.encode() + b"\n"
    for number in NUMBERS:
        yield f"{number[:12]} as a number", f"{head}e0,{number}\n".encode()
    yield "a header of 50,000 columns", ",".join(map(str, range(50_000))).encode() + b"\n1\n"
    yield "an open quotation mark", (head + 'e0,"' + "x\n" * 100_000).encode()
    yield "quotation marks only", (head + '"' * 200_001).encode()
    yield "the same id 50,000 times", (head + f"e0,{good}\n" * 50_000).encode()
    yield "50,000 strange ids", (head + "".join(f"x{i},{good}\n" for i in range(50_000))).encode()
    yield "a column twice", f"example_id,example_id,prediction\ne0,e1,{good}\n".encode()
    yield "carriage returns", f"example_id,prediction\re0,{good}\r".encode()
    yield "a bell and escapes", f"{head}e0,\x1b[31m\x07{good}\n".encode()


def json_lines(good: str = '"cat"') -> Iterator[File]:
    def line(prediction: str) -> bytes:
        return ('{"example_id": "e0", "prediction": ' + prediction + "}\n").encode()

    for number in NUMBERS:
        yield f"the number {number[:12]}", line(number)
    yield "a key twice", b'{"example_id": "e0", "prediction": 1, "prediction": 2}\n'
    yield (
        "a key twice, once in escapes",
        b'{"example_id":"e0","prediction":1,"predictio\\u006e":2}\n',
    )
    yield "nested deeply", line("[" * DEEP + "]" * DEEP)
    yield "objects nested deeply", line('{"a":' * DEEP + "1" + "}" * DEEP)
    yield "half a surrogate pair", line('"\\ud800"')
    yield "a NUL", line('"a\\u0000b"')
    yield "an object as an id", b'{"example_id": {"$ne": null}, "prediction": 1}\n'
    yield "a list as an id", b'{"example_id": ["e0"], "prediction": "cat"}\n'
    yield "a list in a list", line("[[[1]]]")
    yield "5,000 keys", json.dumps({f"k{number}": 1 for number in range(5000)}).encode()
    yield "one line without end", b'{"example_id": "' + b"e" * 5_000_000
    yield "different types", line("1") + line('"cat"') + line("[1]") + line("null") + line("true")
    yield "a number", b"1\n"


def parquet(table: pa.Table, **options: Any) -> bytes:
    target = io.BytesIO()
    pq.write_table(table, target, **options)
    return target.getvalue()


def parquet_files(good: Any = "cat") -> Iterator[File]:
    whole = parquet(pa.table({"example_id": IDS, "prediction": [good] * len(IDS)}))
    yield from damaged(whole, times=8)
    many = pa.array(["e0"]).dictionary_encode().take(pa.array(np.zeros(3_000_000, np.int8)))
    yield (
        "three million rows in a kilobyte",
        parquet(pa.table({"example_id": many, "prediction": many})),
    )
    long = pa.array(["x" * 5_000_000]).dictionary_encode().take(pa.array(np.zeros(20_000, np.int8)))
    yield (
        "a dictionary of one giant word",
        parquet(pa.table({"example_id": long, "prediction": long})),
    )
    lists = pa.ListArray.from_arrays([0, 3_000_000], pa.array(np.zeros(3_000_000)))
    yield "a list of three million", parquet(pa.table({"example_id": ["e0"], "prediction": lists}))
    nested: pa.Array = pa.array([1])
    for _ in range(40):
        nested = pa.ListArray.from_arrays([0, 1], nested)
    yield (
        "forty lists in one another",
        parquet(pa.table({"example_id": ["e0"], "prediction": nested})),
    )
    for name, column in {
        "bytes": pa.array([b"\xff"] * 6),
        "structures": pa.array([{"a": {"b": [1]}}] * 6),
        "nothing": pa.nulls(6),
        "times": pa.array([2**62] * 6, pa.timestamp("ns")),
        "decimals": pa.array([None] * 6, pa.decimal256(70, 3)),
        "NaN": pa.array([float("nan")] * 6),
        "no rows": pa.array([], pa.string()),
    }.items():
        ids = pa.array(IDS[: len(column)])
        yield (
            f"predictions that are {name}",
            parquet(pa.table({"example_id": ids, "prediction": column})),
        )
        yield f"ids that are {name}", parquet(pa.table({"example_id": column, "prediction": ids}))
    twice = pa.Table.from_arrays([pa.array(IDS)] * 2, names=["example_id", "example_id"])
    yield "a column twice", parquet(twice)
    yield "4,000 columns", parquet(pa.table({f"c{number}": [1] for number in range(4000)}))
    yield "no columns", parquet(pa.table({}))


def coco(**changes: Any) -> str:
    entry = {"image_id": 1, "category_id": 1, "bbox": [0, 0, 5, 5], "score": 0.5} | changes
    return json.dumps(entry)


def json_files(entry: str, key: str) -> Iterator[File]:
    """Lists of results; `key` is one of the entry's keys."""
    value = json.loads(entry)[key]
    yield "a key twice", f'[{entry[:-1]}, "{key}": {json.dumps(value)}}}]'.encode()
    escaped = f"\\u{ord(key[0]):04x}{key[1:]}"
    yield "a key twice, in escapes", f'[{entry[:-1]}, "{escaped}": {json.dumps(value)}}}]'.encode()
    for other in [*NUMBERS[:5], "null", "true", "[]", "{}", '"\\ud800"', '"a\\u0000"', "[" * DEEP]:
        text = entry[:-1].replace(f'"{key}": {json.dumps(value)}', f'"{key}": {other}')
        yield f"{key} is {other[:12]}", f"[{text}}}]".encode()
    yield "an object, not a list", entry.encode()
    yield "a list of lists", b"[" * DEEP + b"]" * DEEP
    yield "a hundred thousand nulls", b"[" + b"null," * 100_000 + b"null]"
    yield "no end", f"[{entry},".encode()
    yield "spaces", b" " * 5_000_000
    yield "NUL bytes", bytes(100_000)
    yield from damaged(f"[{entry}, {entry}]".encode(), times=3)


BOXES = {
    "endless": [0, 0, 1e308, 1e308],
    "negative": [0, 0, -1, -1],
    "not numbers": ["a", 0, 1, 1],
    "one number": [1],
    "beyond 64 bits": [0, 0, 10**30, 1],
    "objects": [{}, {}, {}, {}],
}


def detections() -> Iterator[File]:
    yield from json_files(coco(), "image_id")
    for name, box in BOXES.items():
        yield f"a box that is {name}", f"[{coco(bbox=box)}]".encode()
    yield "200,000 boxes", ("[" + ",".join([coco()] * 20_000) + "]").encode()


def masks() -> Iterator[File]:
    good = png(4, 4)
    both = {"a.png": good, "b.png": good}
    whole = archive(both)
    yield from damaged(whole, times=8)
    for name, body in {
        "a picture of 400 megapixels": png(20_000, 20_000, data=bytes(2_000_000)),
        "a header that lies": png(4, 4, claim=2**31 - 1),
        "no data": png(4, 4, data=b""),
        "colours": png(4, 4, mode=2, data=b"\0" * 60),
        "a palette that is not there": png(4, 4, mode=3),
        "another size": png(5, 4),
        "values beyond the classes": png(4, 4, data=b"\0\xc8\xc8\xc8\xc8" * 4),
        "a thousand times too much data": png(4, 4, data=bytes(5_000_000)),
        "text": b"not a picture",
        "a pickle": pickle.dumps(Bomb()),
        "an npy of eight terabytes": npy((10**12,)),
    }.items():
        yield f"a mask of {name}", archive({**both, "a.png": body})
    yield "names that lead out", archive({f"../../{name}": body for name, body in both.items()})
    yield "names from the root", archive({f"/{name}": body for name, body in both.items()})
    yield "links", archive({**both, "a.png": b"/etc/passwd"}, attributes=stat.S_IFLNK | 0o777)
    yield "10,000 members", archive({f"x{number}.png": b"" for number in range(10_000)})
    yield "a member of 400 MB", archive({**both, "a.png": bytes(400_000_000)})
    yield "an encrypted member", _flagged(whole, 0x1)
    yield "an unknown packing", _packed_by(whole, 99)
    yield "two members of one name", _renamed(whole, b"b.png", b"a.png")
    yield "a size that lies", _sized(whole, 2**32 - 2)
    yield "a ZIP in a ZIP", archive({"a.png": whole, "b.png": whole})


def _central(content: bytes) -> list[int]:
    found, at = [], content.find(b"PK\x01\x02")
    while at >= 0:
        found.append(at)
        at = content.find(b"PK\x01\x02", at + 4)
    return found


def _local(content: bytes) -> list[int]:
    return [struct.unpack_from("<I", content, at + 42)[0] for at in _central(content)]


def _flagged(content: bytes, flag: int) -> bytes:
    return _patched(content, 8, 6, struct.pack("<H", flag))


def _packed_by(content: bytes, method: int) -> bytes:
    return _patched(content, 10, 8, struct.pack("<H", method))


def _sized(content: bytes, size: int) -> bytes:
    return _patched(content, 24, 22, struct.pack("<I", size))


def _patched(content: bytes, central: int, local: int, value: bytes) -> bytes:
    changed = bytearray(content)
    for places, offset in ((_central(content), central), (_local(content), local)):
        for at in places:
            changed[at + offset : at + offset + len(value)] = value
    return bytes(changed)


def _renamed(content: bytes, old: bytes, new: bytes) -> bytes:
    return content.replace(old, new)
