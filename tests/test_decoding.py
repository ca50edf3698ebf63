"""Decoding: a class that several threads are the first to decode."""

import subprocess
import sys
from types import SimpleNamespace

import msgspec
import pytest

from heldout.decoding import convert, decode


class Point(msgspec.Struct):
    x: int
    name: str = ""


# New classes again and again, each decoded first by eight threads at once that take turns often.
MANY_FIRST_TIMES = """
import sys, threading, types
import msgspec
from heldout.decoding import convert, decode

CLASSES = '''
import msgspec

class Whole(msgspec.Struct):
    parts: "list[Part]"
    size: "int | None" = None

class Part(msgspec.Struct):
    name: "str"
    rest: "dict[str, int] | None" = None
'''

def use(module, start):
    start.wait()
    whole = decode(b'{"parts": [{"name": "a"}], "size": 3}', module.Whole)
    assert convert({"name": "a"}, module.Part) == whole.parts[0]

sys.setswitchinterval(1e-6)
for number in range(100):
    module = sys.modules[f"classes_{number}"] = types.ModuleType(f"classes_{number}")
    exec(CLASSES, module.__dict__)
    start = threading.Barrier(8)
    threads = [threading.Thread(target=use, args=(module, start)) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
print("all decoded")
"""


def test_threads_that_are_the_first_to_decode_a_class_do_not_end_the_process():
    run = subprocess.run(
        [sys.executable, "-c", MANY_FIRST_TIMES], capture_output=True, text=True, timeout=60
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "all decoded\n", "")


@pytest.mark.parametrize("data", [b'{"x": 1}', '{"x": 1}', msgspec.Raw(b'{"x": 1}')])
def test_json_becomes_what_was_asked_for(data):
    assert decode(data, Point) == Point(1)
    assert decode(data, dict[str, int]) == {"x": 1}
    assert decode(data) == {"x": 1}


def test_a_plain_value_becomes_what_was_asked_for():
    assert convert({"x": 1, "name": "a"}, Point) == Point(1, "a")
    assert convert(SimpleNamespace(x=1), Point, from_attributes=True) == Point(1)


def test_what_is_not_of_the_kind_is_refused():
    with pytest.raises(msgspec.ValidationError, match="Expected `int`, got `str`"):
        decode(b'{"x": "1"}', Point)
    with pytest.raises(msgspec.ValidationError, match="missing required field `x`"):
        convert({}, Point)
