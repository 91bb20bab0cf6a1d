"""Where an Ollama server is and whether it may be asked: one table of addresses, one of refusals."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phototag.backends.ollama_hosts import address, permitted
from phototag.errors import NoBackend, PhototagError, UsageError

httpx = pytest.importorskip("httpx")
_client = pytest.importorskip("ollama._client")
models = pytest.importorskip("phototag.backends.ollama_models")

TABLE = {
    "": "http://127.0.0.1:11434",
    "localhost": "http://localhost:11434",
    "127.0.0.1": "http://127.0.0.1:11434",
    " 'http://127.0.0.1:11434/' ": "http://127.0.0.1:11434",
    '"127.0.0.1:8080"': "http://127.0.0.1:8080",
    ":56789": "http://127.0.0.1:56789",
    "http://1.2.3.4": "http://1.2.3.4:80",
    "HTTP://Tower": "http://tower:80",
    "https://1.2.3.4": "https://1.2.3.4:443",
    "https://1.2.3.4:56789": "https://1.2.3.4:56789",
    "example.com": "http://example.com:11434",
    "example.com/ollama/": "http://example.com:11434/ollama",
    "https://example.com:56789/a/b": "https://example.com:56789/a/b",
    "ollama.com": "https://ollama.com:443",
    "0.0.0.0": "http://127.0.0.1:11434",
    "http://0.0.0.0:80": "http://127.0.0.1:80",
    "::": "http://[::1]:11434",
    "[::]:1234": "http://[::1]:1234",
    "::1": "http://[::1]:11434",
    "[::1]": "http://[::1]:11434",
    "[0001:002:003:0004::1]:56789": "http://[1:2:3:4::1]:56789",
    "https://[::1]/x": "https://[::1]:443/x",
    "tower.local:11435": "http://tower.local:11435",
}


@pytest.mark.parametrize(("written", "meant"), TABLE.items())
def test_an_address_is_read_as_the_server_reads_it(written: str, meant: str) -> None:
    assert address(written).url == meant


@pytest.mark.parametrize(
    "written",
    [
        "ftp://tower",
        "tower:abc",
        "tower:0",
        "tower:65536",
        "http://user:secret@tower",
        "http://[::1",
        "[::1]x",
        "a b",
        "tower?x=1",
        "tower#x",
        "http://tow\\er",
        "tower:80:x.y",
        "[fe80::1%eth0]",
    ],
)
def test_what_is_no_address_is_refused_and_no_password_is_repeated(written: str) -> None:
    with pytest.raises(UsageError) as refusal:
        address(written)
    assert refusal.value.hint and "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("written", "reach"),
    [
        ("localhost", "loopback"),
        ("127.7.7.7", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("0.0.0.0", "loopback"),
        ("192.168.1.5", "lan"),
        ("10.0.0.1", "lan"),
        ("fe80::1", "lan"),
        ("tower", "lan"),
        ("tower.local", "lan"),
        ("8.8.8.8", "far"),
        ("::ffff:8.8.8.8", "far"),
        ("example.com", "far"),
        ("127.1", "far"),
        ("2130706433", "far"),
        ("localhost.example.com", "far"),
        ("127.0.0.1.example.com", "far"),
    ],
)
def test_how_far_away_a_server_is_by_its_name_alone(written: str, reach: str) -> None:
    assert address(written).reach == reach


def test_this_machine_is_asked_without_a_word_and_no_other() -> None:
    for here in ("localhost", "127.0.0.1", "[::1]:80", "0.0.0.0"):
        permitted(address(here), ())
    for away in ("192.168.1.5", "tower", "example.com", "8.8.8.8", "localhost.example.com"):
        with pytest.raises(NoBackend, match="is not asked: it is not this machine") as refusal:
            permitted(address(away), ("other.host",))
        assert f"--allow-host {address(away).host}" in refusal.value.hint


def test_an_allowed_server_is_asked_and_a_far_one_only_encrypted() -> None:
    permitted(address("http://192.168.1.5:11434"), ("192.168.1.5",))
    permitted(address("Tower:80"), ("http://tower:11434",))
    permitted(address("https://example.com"), ("example.com",))
    with pytest.raises(NoBackend, match="unencrypted"):
        permitted(address("http://example.com"), ("example.com",))


@pytest.mark.parametrize("cloud", ["ollama.com", "https://OLLAMA.com", "http://api.ollama.com:11434", "ollama.com."])
def test_ollamas_own_cloud_is_never_asked_allowed_or_not(cloud: str) -> None:
    where = address(cloud)
    with pytest.raises(NoBackend, match=r"ollama\.com is not asked"):
        permitted(where, (where.host,))


@given(st.text(alphabet="abz019:/.[]@%?#\\ -_'\"hptsloca\t\x00é", max_size=40))
def test_any_text_is_an_address_or_a_sentence_and_the_client_reads_it_as_we_do(text: str) -> None:
    try:
        where = address(text)
    except PhototagError:
        return
    assert address(where.url) == where
    url = httpx.URL(_client._parse_host(where.url))
    assert (url.scheme, url.host, url.port or {"http": 80, "https": 443}[url.scheme]) == (
        where.scheme,
        where.host,
        where.port,
    )
    try:
        permitted(where, ())
    except NoBackend:
        return
    assert where.host.rstrip(".") == "localhost" or ipaddress.ip_address(where.host).is_loopback


@pytest.mark.parametrize(
    ("name", "cloud"),
    [
        ("gpt-oss:cloud", True),
        (" gpt-oss:20B-Cloud ", True),
        ("me/x:y-cloud", True),
        ("my-cloud-model", False),
        ("my-cloud", False),
        ("host:80/my-cloud", False),
        ("cloud", False),
        ("x:cloudy", False),
        ("", False),
    ],
)
def test_a_cloud_model_is_known_by_its_name(name: str, cloud: bool) -> None:
    assert models.is_cloud(name) is cloud
