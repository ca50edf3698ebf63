"""Requests and archives made to harm: never a fault of ours, always an answer in words."""

import dataclasses
import gc
import io
import json
import struct
import zipfile
from functools import partial
from urllib.parse import quote

import pytest
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from heldout.site.challenges.models import Challenge
from tests import hostile
from tests.site.crawling import Visitor

API = "/api/v1"
SUBMIT = f"{API}/challenges/cats/phases/dev/submissions"
PHASE = f"{API}/challenges/cats/phases/dev"
PAGES = ["/", "/challenges/cats/", "/challenges/cats/leaderboard/", "/accounts/login/", "/planner/"]
ODD = [
    "\0",
    "%",
    "%ff%fe",
    "\ud800".encode(errors="surrogatepass").decode("latin-1"),
    "9" * 400,
    "-1",
    "../" * 20 + "etc/passwd",
    "' OR 1=1 --",
    "<script>",
    "\u202e",
    "{{7*7}}",
    "a" * 5000,
]

BODIES = {
    "a key twice": b'{"per_day": 1, "per_day": 2}',
    "NaN": b'{"per_day": NaN}',
    "more than a float holds": b'{"per_day": 1e999}',
    "four hundred digits": b'{"per_day": ' + b"9" * 400 + b"}",
    "five thousand digits": b'{"per_day": ' + b"9" * 5000 + b"}",
    "nested deeply": b'{"reveal": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "a NUL": b'{"final": "a\\u0000b"}',
    "half a surrogate pair": b'{"final": "\\ud800"}',
    "half a surrogate pair as a key": b'{"\\ud800": 1}',
    "invalid UTF-8": b'{"final": "\xff"}',
    "a byte order mark": b'\xef\xbb\xbf{"per_day": 1}',
    "UTF-16": '{"per_day": 1}'.encode("utf-16"),
    "a list": b"[]",
    "null": b"null",
    "nothing": b"",
    "only spaces": b" " * 100_000,
    "a million of a list": b'{"reveal": [' + b'"score",' * 100_000 + b'"score"]}',
    "a date of another era": b'{"opens": "-0001-01-01T00:00:00Z"}',
    "a date as a number": b'{"opens": 1e300}',
    "an endless offset": b'{"opens": "2026-01-01T00:00:00+99:99"}',
    "a negative limit": b'{"per_day": -1}',
    "a limit of half": b'{"per_day": 0.5}',
    "objects where text is asked for": b'{"final": {"$gt": ""}}',
    "a prototype": b'{"__proto__": {"a": 1}, "constructor": 1}',
    "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
}


def _said(response) -> str:
    return " ".join(one["message"] for one in json.loads(response.content)["problems"])


@pytest.fixture
def organiser_api(api, organiser, challenge) -> Visitor:
    return Visitor.like(api(organiser))


def test_a_hostile_body_is_refused_with_its_reason(organiser_api):
    for name, body in BODIES.items():
        response = organiser_api.generic("PATCH", PHASE, body, "application/json")
        assert response.status_code in {400, 422}, (name, response.content[:300])
        assert _said(response), name
        assert len(response.content) < 20_000, name


FORM = "application/x-www-form-urlencoded"
KINDS = [
    "",
    "text/plain",
    "application/json; charset=zlib",
    "a" * 5000,
    "multipart/form-data",
    "multipart/form-data; boundary=" + "b" * 5000,
    "application/xml",
    f"{FORM}; charset=punycode",
    f"{FORM}; charset=utf-16",
]


def test_a_body_of_another_kind_is_refused(organiser_api, organiser, signed_in):
    page = Visitor.like(signed_in(organiser))
    for kind in KINDS:
        for verb, address in (("PATCH", PHASE), ("POST", SUBMIT), ("POST", f"{API}/challenges")):
            response = organiser_api.generic(verb, address, b"\xff\0a=1&b=%00", kind)
            assert 400 <= response.status_code < 500, (kind, address, response.content[:200])
        response = page.generic("POST", "/challenges/cats/submit/", b"\xff\0a=1&b=%00", kind)
        assert response.status_code < 500, kind


def _parts(*parts: bytes) -> bytes:
    return b"".join(b"--" + BOUNDARY.encode() + b"\r\n" + part + b"\r\n" for part in parts)


def _part(name: bytes, body: bytes = b"example_id,prediction\n", more: bytes = b"") -> bytes:
    about = b'Content-Disposition: form-data; name="file"; filename="' + name + b'"\r\n'
    return about + more + b"\r\n" + body


FORMS = {
    "no end": _parts(_part(b"p.csv")),
    "no file": _parts(b'Content-Disposition: form-data; name="note"\r\n\r\nx'),
    "a file that is a field": _parts(b'Content-Disposition: form-data; name="file"\r\n\r\nx'),
    "the file a hundred times": _parts(*[_part(b"p.csv")] * 99),
    "five thousand fields": _parts(
        *[b'Content-Disposition: form-data; name="f%d"\r\n\r\nx' % i for i in range(5000)]
    ),
    "a huge header": _parts(_part(b"p.csv", more=b"X-A: " + b"a" * 100_000 + b"\r\n")),
    "base64 that is none": _parts(
        _part(b"p.csv", b"\xff!", more=b"Content-Transfer-Encoding: base64\r\n")
    ),
    "a note of two megabytes": _parts(
        _part(b"p.csv"), b'Content-Disposition: form-data; name="note"\r\n\r\n' + b"x" * 2_000_000
    ),
    "a note with a NUL": _parts(
        _part(b"p.csv"), b'Content-Disposition: form-data; name="note"\r\n\r\na\0b'
    ),
    **{
        f"the name {name[:30]!r}": _parts(_part(name))
        for name in (
            b"",
            b"..",
            b"../../etc/passwd",
            b"/etc/passwd",
            b"C:\\a\\b.csv",
            b"a\0b.csv",
            b"\xff\xfe.csv",
            b"a" * 5000 + b".csv",
            b"p.csv\r\nX: y",
            b"=cmd|calc.csv",
            b"p.exe",
            b"<svg onload=alert(1)>.csv",
            b"p.csv.",
            b".csv",
            b"CON.csv",
            b"p.pkl",
            b"p.npy",
        )
    },
}


# An upload whose form breaks off is closed when it is collected: here, not in a later test.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_hostile_form_is_taken_in_or_refused(api, participant, signed_in, phase):
    type(phase).objects.update(per_day=None, in_total=None)
    client, page = Visitor.like(api(participant)), Visitor.like(signed_in(participant))
    faults = []
    for name, form in FORMS.items():
        response = client.generic("POST", SUBMIT, form, MULTIPART_CONTENT)
        taken = response.status_code == 201
        kept = json.loads(response.content)["filename"] if taken else ""
        words = taken or (response.status_code < 500 and _said(response))
        if not words or {"/", "\\", "\0", "\n"} & set(kept):
            faults.append((name, response.status_code, response.content[:150]))
        response = page.generic("POST", "/challenges/cats/submit/", form, MULTIPART_CONTENT)
        if response.status_code >= 500:
            faults.append((name, response.status_code, "page"))
    gc.collect()
    assert faults == []


def test_odd_text_in_an_address_is_no_fault_of_ours(organiser_api, organiser, signed_in):
    client = Visitor.like(signed_in(organiser))
    for odd in ODD:
        for address in _addresses(odd):
            for visitor in (client, organiser_api):
                response = visitor.generic("GET", address)
                assert response.status_code < 500, address
                if response.streaming:
                    b"".join(response.streaming_content)


def _addresses(odd: str) -> list[str]:
    text = quote(odd.encode("utf-8", "surrogatepass"), safe="/%")
    return [
        f"{API}/challenges/{text}",
        f"{PHASE}/{text}",
        f"{API}/submissions/{text}/file",
        f"{API}/challenges/cats/data/{text}",
        f"{API}/challenges/cats/phases/{text}/leaderboard",
        f"{API}/challenges/cats/submissions?everybody={text}",
        f"/submissions/{text}/",
        f"/challenges/cats/data/media/1/{text}",
        f"/accounts/link/{text}/",
        f"/static/{text}",
        *(f"{page}?phase={text}&metric={text}&page={text}&next={text}&q={text}" for page in PAGES),
        f"/challenges/cats/organise/submissions/?q={text}&status={text}&phase={text}",
        f"/accounts/password/reset/key/1-{text}/",
        f"/account/tokens/{quote('9' * 30)}/revoke/",
    ]


HEADERS = {
    "If-None-Match": ['"' * 1000, "*", 'W/"a", "b', "\xff"],
    "Authorization": ["Bearer", "Bearer \xff", "Basic ====", "Bearer " + "a" * 50_000, "hld_x"],
    "Idempotency-Key": ["a" * 50_000, "\x7f", "\xff\xfe", "' OR 1=1"],
    "Cookie": [
        'sessionid="\\000aaaaaaaaaaaa"',
        "sessionid=" + "a" * 8000,
        "=;=;",
        "csrftoken=<x>",
        'messages="\\000"',
    ],
    "Host": ["evil.example", "a b", "[::1", "localhost:99999999", "\xff"],
    "Accept": ["*/" * 5000, "\xff"],
    "Range": ["bytes=0-" + "9" * 400, "bytes=-1,-1,-1"],
    "If-Modified-Since": ["Thu, 99 Foo 0000", "9" * 5000],
    "HX-Current-URL": ["javascript:alert(1)", "%ff", "http://[::1"],
    "HX-Request": ["\xff"],
    "X-Forwarded-For": ["' OR 1=1", "::::", "a" * 5000],
    "X-HTTP-Method-Override": ["DELETE"],
    "Referer": ["http://[::1", "\xff"],
    "Origin": ["null", "http://[::1"],
    "Content-Length": ["-1", "9" * 30, "a", "1e3", "0x10", ""],
    "Accept-Language": ["a" * 5000, "*;q=9e999"],
}


def test_a_hostile_header_is_no_fault_of_ours(participant, signed_in):
    known = Visitor.like(signed_in(participant))
    form = encode_multipart(BOUNDARY, {"file": io.BytesIO(b"x"), "note": "x"})
    for header, value in ((name, value) for name, values in HEADERS.items() for value in values):
        given = {header: value}
        client = Visitor(headers=given) if header in {"Authorization", "Cookie"} else known
        for address in ("/", "/challenges/cats/leaderboard/", f"{PHASE}/leaderboard", "/account/"):
            response = client.generic("GET", address, headers=given)
            assert response.status_code < 500, (given, address)
        for address in (SUBMIT, "/challenges/cats/submit/", "/accounts/login/"):
            response = client.generic("POST", address, form, MULTIPART_CONTENT, headers=given)
            assert response.status_code < 500, (given, address, response.content[:200])


def _tomls(good: str):
    yield "nested deeply", "a = " + "[" * 20_000 + "]" * 20_000
    yield "dotted keys", ".".join(["a"] * 20_000) + " = 1"
    yield "a number of 5,000 digits", "[challenge]\nseed = " + "9" * 5000
    yield "NaN", good.replace("seed = 7", "seed = nan")
    yield "infinity", good.replace("seed = 7", "seed = inf")
    yield "a negative seed", good.replace("seed = 7", "seed = -9223372036854775809")
    for name, text in {
        "a script": "<script>",
        "a path": "../../x",
        "nothing": "",
        "a NUL": "\\u0000",
    }.items():
        yield f"an id of {name}", good.replace('id = "cats"', f'id = "{text}"')
        yield f"a title of {name}", good.replace('"Cats and others"', f'"{text}"')
    yield "a path to the root", good.replace("[data]", '[data]\nexamples = "/etc"')
    yield "a path upwards", good.replace("[data]", '[data]\nanswers = "../../.."')
    yield "a page upwards", good.replace("seed = 7", 'overview = "../../secret"')
    yield "a page from the root", good.replace("seed = 7", 'terms = "/etc/passwd"')
    yield "100,000 phases", good + '[[phases]]\nid = "x"\n' * 20_000
    yield "100,000 classes", good.replace('"bird"]', '"bird"' + ', "x"' * 100_000 + "]")
    yield "a timezone that is a path", good.replace("Europe/Berlin", "../../etc/passwd")
    yield "a metric that is code", good.replace('"accuracy"', '"os:system"')
    yield "a year of no calendar", good.replace("2099-01-01", "9999-99-99")


def archives(folder):
    """Challenges as ZIPs that are not, or not quite."""
    good = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    whole = hostile.archive(good)
    yield from hostile.damaged(whole, times=8)
    yield from hostile.foreign()
    toml = good["challenge.toml"].decode()
    for name, text in _tomls(toml):
        yield (
            f"challenge.toml with {name}",
            hostile.archive({**good, "challenge.toml": text.encode()}),
        )
    paged = toml.replace("seed = 7", 'seed = 7\noverview = "about.md"').encode()
    page = {"challenge.toml": paged, "about.md": b"# Cats\n\na\0b\n"}
    yield "an overview with a NUL", hostile.archive({**good, **page})
    yield "challenge.toml in Latin-1", hostile.archive({**good, "challenge.toml": b"\xff\xfe\0"})
    for name in (
        "../evil",
        "/evil",
        "a/../../evil",
        "..\\evil",
        "C:evil",
        "a//b",
        "./a",
        "\u202ea",
        "a" * 300,
        "a/" * 300 + "b",
        "CON",
        "a\nb",
        "data",
        "data/",
        "",
    ):
        yield f"a member named {name[:20]!r}", hostile.archive({**good, name: b"x"})
    yield "a link", hostile.archive({**good, "answers/x": b"/etc/passwd"}, attributes=0o120777)
    yield "a device", hostile.archive({**good, "answers/x": b""}, attributes=0o020666)
    yield "100,000 members", hostile.archive({f"m{number}": b"" for number in range(20_000)})
    yield "five gigabytes", hostile._sized(whole, 2**32 - 2)
    yield "a bomb", hostile.archive({**good, "data/bomb": bytes(300_000_000)})
    yield "an encrypted member", hostile._flagged(whole, 0x1)
    yield "an unknown packing", hostile._packed_by(whole, 99)
    yield "LZMA that is none", hostile._packed_by(whole, 14)
    yield "bzip2 that is none", hostile._packed_by(whole, 12)
    yield (
        "two challenges",
        hostile.archive({f"{top}/{n}": b for top in "ab" for n, b in good.items()}),
    )
    yield "a member twice", _twice(good)
    yield "a comment as large as can be", whole[:-2] + struct.pack("<H", 65_535) + b"x" * 65_535
    yield (
        "an answer table that is a pickle",
        hostile.archive({**good, "answers/test.csv": hostile.pickle.dumps(hostile.Bomb())}),
    )
    for suffix, files in {"csv": hostile.csv_files, "parquet": hostile.parquet_files}.items():
        for name, body in list(files())[:24:3]:
            yield (
                f"data/test.{suffix}: {name}",
                hostile.archive({**good, f"data/test.{suffix}": body}),
            )


def _twice(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO(hostile.archive(members))
    with zipfile.ZipFile(target, "a") as file, pytest.warns(UserWarning, match="Duplicate name"):
        file.writestr("challenge.toml", b"[challenge]")
    return target.getvalue()


@pytest.mark.timeout(240)
def test_a_hostile_challenge_is_refused_in_words(made, api, organiser, settings):
    settings.HELDOUT = dataclasses.replace(
        settings.HELDOUT, challenge_limit=200_000_000, challenge_files=5000
    )
    client = Visitor.like(api(organiser))
    faults, tried = [], 0
    for name, content in archives(made.folder):
        form = encode_multipart(BOUNDARY, {"file": _named(content)})
        response = client.generic("POST", f"{API}/challenges", form, MULTIPART_CONTENT)
        tried += 1
        if response.status_code == 201:
            continue
        if not 400 <= response.status_code < 500 or not _said(response):
            faults.append(f"{name}: {response.status_code} {response.content[:200]}")
        if len(response.content) > 50_000:
            faults.append(f"{name}: an answer of {len(response.content)} bytes")
    assert faults == []
    assert tried > 70
    assert not list((settings.DATA / "incoming").iterdir())
    outside = list(settings.DATA.parent.rglob("evil*"))
    assert outside == []
    for challenge in Challenge.objects.all():
        assert "root:" not in challenge.revision.overview + challenge.revision.terms


def _named(content: bytes) -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = "challenge.zip"
    return file


TRACES = {
    **dict(hostile.foreign()),
    "nested deeply": b"[" * 100_000,
    "numbers beyond all": b'{"traceEvents": [{"ts": 1e999, "dur": NaN}]}',
    "a key twice": b'{"a": 1, "a": 2}',
    "half a surrogate pair": b'{"traceEvents": [{"name": "\\ud800"}]}',
    "a NUL": b'{"nodes": [{"name": "\\u0000"}]}',
}


def test_a_hostile_trace_is_refused():
    for name, content in TRACES.items():
        form = encode_multipart(BOUNDARY, {"file": _named(content)})
        response = Visitor().generic("POST", "/planner/trace/", form, MULTIPART_CONTENT)
        assert response.status_code < 500, name


# Signing in and up, the profile, tokens, phases, people: the fields of each form.
FIELDS = {
    "/accounts/login/": ("login", "password"),
    "/accounts/signup/": ("email", "username", "password1"),
    "/accounts/password/reset/": ("email",),
    "/account/": ("form", "handle", "name"),
    "/challenges/cats/organise/phases/dev/": ("opens", "closes", "per_day", "reveal", "final"),
    "/challenges/cats/organise/people/": ("email", "role", "form"),
    "/challenges/cats/organise/": ("visibility",),
    "/challenges/cats/rules/": ("digest",),
}


def test_odd_text_in_every_form_is_no_fault_of_ours(signed_in, organiser, challenge):
    for address, names in FIELDS.items():
        client = Visitor.like(signed_in(organiser)) if "accounts" not in address else Visitor()
        for odd in ODD:
            text = quote(odd.encode("utf-8", "surrogatepass"), safe="%")
            body = "&".join(f"{name}={text}" for name in names).encode()
            response = client.generic("POST", address, body, "application/x-www-form-urlencoded")
            assert response.status_code < 500, (address, odd[:20])


TABLES = (hostile.csv_files, hostile.json_lines, hostile.parquet_files)
LISTS = (
    hostile.detections,
    partial(hostile.json_files, '{"question_id": 1, "answer": "yes"}', "answer"),
    partial(hostile.json_files, '{"image_id": 1, "caption": "a cat"}', "caption"),
)


def corpus(folder):
    """How many hostile things there are for each intake."""
    return {
        "tables of predictions: CSV, JSON Lines, Parquet": sum(map(_many, TABLES)),
        "lists of boxes, answers and captions: JSON": sum(map(_many, LISTS)),
        "masks: ZIP": _many(hostile.masks),
        "files of other kinds, under the name of each of those": _many(hostile.foreign),
        "challenges: ZIP": _many(partial(archives, folder)),
        "traces of a network": len(TRACES),
        "bodies for the API": len(BODIES),
        "kinds of body": len(KINDS),
        "upload forms": len(FORMS),
        "headers": sum(map(len, HEADERS.values())),
        "addresses": sum(len(_addresses(odd)) for odd in ODD),
        "forms of pages": len(FIELDS) * len(ODD),
    }


def _many(make):
    return sum(1 for _ in make())


def test_the_page_of_promises_counts_the_corpus(made, root):
    counted = corpus(made.folder)
    page = (root / "docs/explanation/promises.md").read_text()
    for what, many in counted.items():
        assert f"| {what} | {many:,} |" in page, (what, many)
    assert f"| **together** | **{sum(counted.values()):,}** |" in page
    assert sum(counted.values()) > 300
    assert min(counted.values()) > 8
