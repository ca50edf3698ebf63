import dataclasses
import socket

import pytest
from django.utils import timezone

from heldout.errors import BadInput
from heldout.site.webhooks.addresses import is_public, resolve
from heldout.site.webhooks.services import add_endpoint

PUBLIC = "93.184.216.34"


@pytest.fixture
def names(monkeypatch):
    """What the machine's names lead to, and how often each was looked up."""
    known, asked = {}, []

    def look_up(host, port, **given):
        asked.append(host)
        if host not in known:
            raise socket.gaierror("unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    known["asked"] = asked
    return known


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::169.254.169.254",
        "2002:a00:1::1",
        "2001:0:5ef5:79fb::5601:5601",
    ],
)
def test_machines_of_this_network_and_services_of_clouds_are_not_public(ip):
    assert not is_public(ip)


@pytest.mark.parametrize(
    "ip", [PUBLIC, "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
)
def test_machines_of_the_internet_are(ip):
    assert is_public(ip)


def test_a_name_is_looked_up_once_and_its_number_is_what_is_connected_to(names):
    names["example.org"] = [PUBLIC]
    target = resolve("https://Example.org/hook?x=1", allowed=())
    assert target.url == f"https://{PUBLIC}:443/hook?x=1"
    assert target.host_header == "example.org"
    assert names["asked"] == ["example.org"]


def test_an_unusual_port_and_ipv6_stand_in_the_host_header(names):
    names["2606:4700:4700::1111"] = ["2606:4700:4700::1111"]
    target = resolve("https://[2606:4700:4700::1111]:8443", allowed=())
    assert target.url == "https://[2606:4700:4700::1111]:8443/"
    assert target.host_header == "[2606:4700:4700::1111]:8443"


def test_one_private_number_among_public_ones_refuses_a_name(names):
    names["rebind.example"] = [PUBLIC, "127.0.0.1"]
    with pytest.raises(BadInput, match="not on the public internet"):
        resolve("https://rebind.example/", allowed=())


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "ftp://example.org/",
        "file:///etc/passwd",
        "https://",
        "https://user@example.org/",
        "https://user:password@example.org/",
        "https://:@example.org/",
        "https://example.org:99999/",
        "https://[::1/",
        "https://exa mple.org/",
        "https://example.org/\r\nHost: other",
        "https://example.org/\0",
        "https://bücher.example/",
    ],
)
def test_what_is_no_web_address_is_refused(url, names):
    names["example.org"] = [PUBLIC]
    with pytest.raises(BadInput, match="is not a web address"):
        resolve(url, allowed=())
    assert names["asked"] == []


def test_an_unknown_host_is_said_to_be_one(names):
    with pytest.raises(BadInput, match="not known"):
        resolve("https://nowhere.example/", allowed=())


def test_only_https_is_sent_to(names):
    names["example.org"] = [PUBLIC]
    with pytest.raises(BadInput, match="not an https address"):
        resolve("http://example.org/", allowed=())


@pytest.mark.parametrize("allowed", ["hooks.internal", "Hooks.Internal", "hooks.internal:8080"])
def test_a_setting_allows_a_machine_of_this_network(allowed, names):
    names["hooks.internal"] = ["10.0.0.5"]
    target = resolve("http://hooks.internal:8080/x", allowed=(allowed,))
    assert target.url == "http://10.0.0.5:8080/x"


def test_another_port_of_an_allowed_one_stays_forbidden(names):
    names["hooks.internal"] = ["10.0.0.5"]
    with pytest.raises(BadInput, match="public internet"):
        resolve("https://hooks.internal:22/", allowed=("hooks.internal:8080",))


def test_a_webhook_to_this_machine_is_refused_unless_a_setting_allows_it(site, participant):
    site.HELDOUT = dataclasses.replace(site.HELDOUT, webhook_hosts=())
    with pytest.raises(BadInput, match="public internet"):
        add_endpoint(owner=participant, url="https://localhost/hook", now=timezone.now())
    assert not participant.webhooks.exists()
