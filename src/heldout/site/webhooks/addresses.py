"""Where the site may send something: public machines, and those a setting names."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple
from urllib.parse import urlsplit

from heldout.errors import BadInput, Problem

Address = IPv4Address | IPv6Address
PORTS = {"https": 443, "http": 80}
# IPv6 addresses that only wrap one of IPv4: translated, and the oldest form.
WRAPPING = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))
# Public by their numbers, but services of a cloud for the machine that asks.
CLOUDS = (ipaddress.IPv4Network("168.63.129.16/32"), ipaddress.IPv4Network("192.0.0.0/24"))


class Target(NamedTuple):
    """An address looked up once; what is connected to is `ip`, whatever the name says later."""

    ip: str
    host: str
    port: int
    secure: bool
    path: str

    @property
    def url(self) -> str:
        scheme = "https" if self.secure else "http"
        return f"{scheme}://{_bracketed(self.ip)}:{self.port}{self.path}"

    @property
    def host_header(self) -> str:
        host = _bracketed(self.host)
        usual = self.port == PORTS["https" if self.secure else "http"]
        return host if usual else f"{host}:{self.port}"


def resolve(url: str, *, allowed: tuple[str, ...]) -> Target:
    """Look an address up, once, and refuse it if it is not of a public machine.

    Raises:
        BadInput: It is no https address, its host is not known, or is private; `allowed` lists
            `host` or `host:port` to which neither rule applies.
    """
    host, port, secure, path = _parts(url)
    named = {host, f"{_bracketed(host)}:{port}"} & {one.lower() for one in allowed}
    if not secure and not named:
        raise _refusal("is not an https address", "write https://")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise _refusal(f'names a host that is not known, "{host[:100]}"') from None
    ips = [str(one[4][0]) for one in found]
    # One private address among public ones would do for an attack, so all must be public.
    if not named and not all(map(is_public, ips)):
        raise _refusal("names a host that is not on the public internet")
    return Target(ips[0], host, port, secure, path)


def _parts(url: str) -> tuple[str, int, bool, str]:
    remedy = "write it as in https://example.org/hook, without a password"
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        raise _refusal("is not a web address", remedy) from None
    printable = url.isascii() and url.isprintable() and " " not in url
    if not printable or parts.scheme not in PORTS or not parts.hostname or "@" in parts.netloc:
        raise _refusal("is not a web address", remedy)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.hostname, port, parts.scheme == "https", path


def is_public(ip: str) -> bool:
    """Whether an address, and each that it wraps, is of a machine anybody may reach."""
    address = ipaddress.ip_address(ip.partition("%")[0])
    return all(_may_be_reached(one) for one in list(_wrapped(address)) or [address])


def _may_be_reached(address: Address) -> bool:
    special = address.is_multicast or any(address in network for network in CLOUDS)
    return address.is_global and not special


def _wrapped(address: Address) -> Iterator[Address]:
    if isinstance(address, IPv4Address):
        return
    _, client = address.teredo or (None, None)
    last = IPv4Address(int(address) & 0xFFFF_FFFF)
    translated = last if any(address in network for network in WRAPPING) else None
    yield from filter(None, (address.ipv4_mapped, address.sixtofour, client, translated))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _refusal(message: str, remedy: str = "") -> BadInput:
    return BadInput([Problem("url", message, remedy)])
