from heldout.site.web import ANSWERS, share_out


def closed(count: int, protocol: str = "HTTP/1.1") -> list[bool]:
    """Whether the connection ends, for so many answers in a row."""
    found = []

    def answer(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    application = share_out(answer)

    def start(status, headers, *more):
        assert ("Content-Type", "text/plain") in headers
        found.append(("Connection", "close") in headers)

    for _ in range(count):
        assert list(application({"SERVER_PROTOCOL": protocol}, start)) == [b"hello"]
    return found


def test_connections_are_made_anew_now_and_then():
    found = closed(3 * ANSWERS)
    assert [number for number, ends in enumerate(found, 1) if ends] == [10, 20, 30]


def test_the_newer_protocol_has_no_such_header():
    assert not any(closed(3 * ANSWERS, "HTTP/2"))
