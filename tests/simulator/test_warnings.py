"""Warnings about things that the simulator lets pass, and their refusal by the setting ``strict``."""

from clicksoap import Client
from clicksoap.contract import Dialect
from clicksoap.simulator import Settings, Simulator

from .conftest import DOCUMENT, RPC, Wire

TO = "27820000001"
SPACE = "http://api.clickatell.com/soap/document_literal/webservice"
WHO = "<api_id>7</api_id><user>acme</user><password>secret</password>"


def _warned(sim: Simulator, content: str, path: str = DOCUMENT, **headers: str) -> dict[str, str]:
    wire = Wire(sim)
    right = {"SOAPAction": f'"{SPACE}/sendmsg"', **{name.replace("_", "-"): value for name, value in headers.items()}}
    wire.post(path, wire.envelope(content), **right)
    return {each.parameter: each.text for each in sim.exchanges.latest()[0].warnings}


def _send(more: str = "", name: str = "sendmsg", space: str = SPACE) -> str:
    return f'<x:{name} xmlns:x="{space}">{WHO}<text>hi</text><to>{TO}</to>{more}</x:{name}>'


class TestWhatIsNoticed:
    def test_a_request_as_the_wsdl_wants_it_has_no_warning(self, sim: Simulator) -> None:
        assert _warned(sim, _send()) == {}

    def test_headers(self, sim: Simulator) -> None:
        assert "is not the operation's" in _warned(sim, _send(), SOAPAction='"urn:other"')["SOAPAction"]
        assert "send text/xml" in _warned(sim, _send(), Content_Type="application/soap+xml")["Content-Type"]
        wire = Wire(sim)
        wire.post(DOCUMENT, wire.envelope(_send()))
        (missing,) = sim.exchanges.latest()[0].warnings
        assert missing.text == (
            f'SOAPAction: missing; send "{SPACE}/sendmsg" (SOAP 1.1, section 6.1.1, and document_literal.wsdl)'
        )

    def test_a_namespace_of_the_other_dialect_and_an_unknown_one(self, sim: Simulator) -> None:
        other = _warned(sim, _send(space="http://api.clickatell.com/soap/webservice"))
        assert "the namespace of the dialect rpc_encoded" in other["sendmsg"]
        assert "the namespace urn:x" in _warned(sim, _send(space="urn:x"))["sendmsg"]

    def test_unknown_elements_letter_case_and_values_out_of_range(self, sim: Simulator) -> None:
        warned = _warned(sim, _send("<queue>9</queue><concat>99</concat><colour>red</colour>", name="SendMsg"))
        assert "9 is not from 1 to 3" in warned["queue"]
        assert "99 is not from 1 to 35" in warned["concat"]
        assert "an element that the operation does not have" in warned["colour"]
        assert "SendMsg in other letter case" in warned["sendmsg"]

    def test_wsdl_in_the_address_of_a_post(self, sim: Simulator) -> None:
        assert "?wsdl in the address of a request" in _warned(sim, _send(), f"{DOCUMENT}?wsdl")[""]

    def test_the_http_api(self, sim: Simulator, wire: Wire) -> None:
        wire.ask("http/sendmsg", api_id="7", user="a", password="b", to=TO, text="x", queue="9", colour="red")
        assert [each.parameter for each in sim.exchanges.latest()[0].warnings] == ["colour", "queue"]

    def test_the_original_rpc_path_calls_the_callback_by_its_own_name(self, sim: Simulator) -> None:
        named = _send("<callback>1</callback>", space="http://api.clickatell.com/soap/webservice")
        action = '"http://api.clickatell.com/soap/webservice_vs.php/sendmsg"'
        assert _warned(sim, named, "/soap/webservice.php", SOAPAction=action) == {}
        assert "callback" in _warned(sim, named, RPC, SOAPAction=action)


class TestStrict:
    def test_a_request_with_a_warning_is_a_fault_and_nothing_is_sent(self) -> None:
        with Simulator(settings=Settings(strict=True)) as sim:
            wire = Wire(sim)
            assert wire.post(DOCUMENT, wire.envelope(_send())).fault.endswith(":Client")
            exchange = sim.exchanges.latest()[0]
            assert (exchange.code, exchange.parameter, exchange.outcome) == ("Client", "SOAPAction", "unreadable")
            assert sim.messages == []

    def test_a_value_is_refused_with_101(self) -> None:
        with Simulator(settings=Settings(strict=True)) as sim:
            assert _warned(sim, _send("<queue>9</queue>"))
            assert "ERR: 101" in sim.exchanges.latest()[0].reply
            assert sim.exchanges.latest()[0].reason.startswith("101 queue: 9 is not from 1 to 3 (")

    def test_the_client_of_this_project_is_not_refused(self) -> None:
        for binding in (*Dialect, "http"):
            with Simulator(settings=Settings(strict=True)) as sim:
                with Client(7, "acme", "secret", endpoint=sim.origin, binding=str(binding)) as sms:  # type: ignore[arg-type]
                    assert sms.send(TO, "hello")[0].state == "accepted"
                    assert sms.balance()
                assert [each.warnings for each in sim.exchanges.latest()] == [()] * len(sim.exchanges.latest())
