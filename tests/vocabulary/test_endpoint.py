"""Where a client goes for what it was told."""

from typing import Any

import pytest

from clicksoap.errors import ConfigurationError
from clicksoap.protocol.endpoint import BindingName, resolve

DOCUMENT: BindingName = "document_literal"
RPC: BindingName = "rpc_encoded"
HOST = "https://sms.example"
DOCUMENT_PATH = "/soap/document_literal/webservice"
RPC_PATHS = ["/soap/webservice_vs.php", "/soap/webservice.php", "/soap/rpc_encoded/webservice"]


def resolved(endpoint: str | None, binding: BindingName | None = None) -> tuple[BindingName, str]:
    return resolve(endpoint, binding, allow_plaintext=False)


@pytest.mark.parametrize("origin", [HOST, f"{HOST}/", f"{HOST}?wsdl", f"{HOST}/?WSDL"])
def test_an_origin_gets_the_path_of_the_binding(origin: str) -> None:
    assert resolved(origin) == (DOCUMENT, HOST + DOCUMENT_PATH)
    assert resolved(origin, "document_literal") == (DOCUMENT, HOST + DOCUMENT_PATH)
    assert resolved(origin, "rpc_encoded") == (RPC, HOST + RPC_PATHS[0])


def test_no_endpoint_is_the_vendors_host_over_https() -> None:
    assert resolved(None) == (DOCUMENT, f"https://api.clickatell.com{DOCUMENT_PATH}")


def test_a_port_is_kept() -> None:
    assert resolved("https://sms.example:8443") == (DOCUMENT, f"https://sms.example:8443{DOCUMENT_PATH}")


@pytest.mark.parametrize(("path", "dialect"), [(DOCUMENT_PATH, DOCUMENT), *((path, RPC) for path in RPC_PATHS)])
def test_a_documented_path_names_its_dialect(path: str, dialect: BindingName) -> None:
    assert resolved(HOST + path) == (dialect, HOST + path)
    assert resolved(f"{HOST}/gateway/of/ours{path}") == (dialect, f"{HOST}/gateway/of/ours{path}")


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("?wsdl", ""),
        ("?WSDL", ""),
        ("?Wsdl=", ""),
        ("?wsdl&tenant=7", "?tenant=7"),
        ("?tenant=7&wsdl", "?tenant=7"),
        ("?tenant=7", "?tenant=7"),
        ("?wsdl2=x", "?wsdl2=x"),
        ("?a=1&&b=%20", "?a=1&b=%20"),
        ("??wsdl", ""),
        ("?wsdl?WSDL=", ""),
        ("?a=1?wsdl", "?a=1"),
        ("?next=b?c&nowsdl", "?next=b?c&nowsdl"),
        ("?", ""),
    ],
)
def test_wsdl_never_stays_in_the_query_and_everything_else_does(query: str, kept: str) -> None:
    assert resolved(HOST + DOCUMENT_PATH + query) == (DOCUMENT, HOST + DOCUMENT_PATH + kept)


@pytest.mark.parametrize(
    ("endpoint", "binding"),
    [(HOST + DOCUMENT_PATH, "rpc_encoded"), *((HOST + path + "?wsdl", "document_literal") for path in RPC_PATHS)],
)
def test_a_path_that_contradicts_the_binding_is_refused(endpoint: str, binding: BindingName) -> None:
    with pytest.raises(ConfigurationError, match=f"binding= says {binding}"):
        resolved(endpoint, binding)


def test_an_unknown_path_asks_for_the_binding_and_is_taken_as_it_is() -> None:
    with pytest.raises(ConfigurationError, match="unknown path"):
        resolved(f"{HOST}/sms/service")
    assert resolved(f"{HOST}/sms/service", "rpc_encoded") == (RPC, f"{HOST}/sms/service")


@pytest.mark.parametrize(
    "origin",
    [
        *(
            "http://localhost",
            "http://localhost:8080",
            "http://a.localhost:1",
            "http://127.0.0.1:9",
            "http://127.1.2.3",
        ),
        *("http://[::1]", "http://[::1]:8080", "HTTP://LOCALHOST"),
    ],
)
def test_plain_http_is_taken_to_this_machine(origin: str) -> None:
    dialect, url = resolved(origin)
    assert dialect == DOCUMENT
    assert url == f"http{origin[4:]}{DOCUMENT_PATH}"


@pytest.mark.parametrize(
    "origin",
    [
        *(
            "http://sms.example",
            "http://10.0.0.1",
            "http://0.0.0.0",
            "http://localhost.example",
            "http://[2001:db8::1]",
        ),
        *("http://xlocalhost", "http://127.0.0.1.example", "http://2130706433"),
    ],
)
def test_plain_http_to_another_machine_is_refused_unless_allowed(origin: str) -> None:
    with pytest.raises(ConfigurationError, match="allow_plaintext=True"):
        resolved(origin)
    assert resolve(origin, None, allow_plaintext=True)[1] == origin + DOCUMENT_PATH


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("", "no host"),
        ("sms.example", "neither http nor https"),
        ("sms.example/soap/webservice.php", "neither http nor https"),
        ("ftp://sms.example", "neither http nor https"),
        ("file:///etc/passwd", "neither http nor https"),
        ("https://", "no host"),
        ("https:///soap/webservice.php", "no host"),
        ("https://user:pw@sms.example", "holds credentials"),
        ("https://user@sms.example", "holds credentials"),
        ("https://sms.example#here", "fragment"),
        ("https://sms.example:0", "no host"),
        ("https://sms.example:99999", "cannot be read"),
        ("https://sms.example:x", "cannot be read"),
        ("https://[::1", "cannot be read"),
        (" https://sms.example", "not a URL in ASCII"),
        ("https://sms.example\n", "not a URL in ASCII"),
        ("https://smß.example", "not a URL in ASCII"),
        ("https://sms.exa\nmple", "endpoint="),
        ("https://sms.example/a b", "endpoint="),
        ("https://sms example", "endpoint="),
        (1, "not a URL in ASCII"),
        (b"https://sms.example", "not a URL in ASCII"),
    ],
)
def test_what_is_no_safe_address_is_refused_with_the_reason(endpoint: Any, words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        resolve(endpoint, "document_literal", allow_plaintext=True)
    assert words in str(refused.value)
    assert "pw" not in str(refused.value)


@pytest.mark.parametrize("binding", ["soap", "", "DOCUMENT_LITERAL", 1, []])
def test_a_binding_that_does_not_exist_is_refused(binding: Any) -> None:
    with pytest.raises(ConfigurationError, match=r'give .*"document_literal"'):
        resolve(None, binding, allow_plaintext=False)


@pytest.mark.parametrize(
    ("endpoint", "base"),
    [
        (HOST, HOST),
        (f"{HOST}/", HOST),
        (f"{HOST}/gateway/", f"{HOST}/gateway"),
        (f"{HOST}/http/sendmsg", HOST),
        (f"{HOST}/http/sendmsg.php?x=1", HOST),
        (f"{HOST}/gateway/utils/routeCoverage", f"{HOST}/gateway"),
    ],
)
def test_the_address_of_the_http_api_is_what_stands_before_its_paths(endpoint: str, base: str) -> None:
    assert resolved(endpoint, "http") == ("http", base)


def test_a_path_of_the_http_api_names_its_binding_and_contradicts_the_others() -> None:
    assert resolved(f"{HOST}/http/sendmsg") == ("http", HOST)
    with pytest.raises(ConfigurationError, match="service of http"):
        resolved(f"{HOST}/http/auth", "rpc_encoded")
    with pytest.raises(ConfigurationError, match="service of rpc_encoded"):
        resolved(HOST + RPC_PATHS[0], "http")
