"""The bundled WSDLs say what the gateway's contract says, read with nothing but an XML parser."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from lxml import etree

from clicksoap.contract import BATCH_FIELDS, CLIENT_ID_COMMANDS, COMMANDS, Dialect

HERE: Final = Path(__file__).parent
FILES: Final = HERE.parent.parent / "wsdl"
NS: Final = {
    "wsdl": "http://schemas.xmlsoap.org/wsdl/",
    "soap": "http://schemas.xmlsoap.org/wsdl/soap/",
    "xsd": "http://www.w3.org/2001/XMLSchema",
}
XSD: Final = "{http://www.w3.org/2001/XMLSchema}"
WSDL: Final = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP_OPERATION: Final = "{http://schemas.xmlsoap.org/wsdl/soap/}operation"
SOAP_ENC: Final = "http://schemas.xmlsoap.org/soap/encoding/"
OPERATIONS: Final = 15


class Field(NamedTuple):
    """A child element (Document/Literal) or a part (RPC/Encoded)."""

    name: str
    type: str  # expanded name, as lxml writes it: {namespace}local
    least: int = 1
    most: str = "1"


@dataclass(frozen=True)
class Signature:
    request: list[Field]
    reply: list[Field]


@dataclass(frozen=True)
class Contract:
    """One expectation table."""

    facts: dict[str, str]
    operations: dict[str, Signature]

    def __getitem__(self, fact: str) -> str:
        return self.facts[fact]


def read_table(name: str) -> Contract:
    facts: dict[str, str] = {}
    operations: dict[str, Signature] = {}
    for line in (HERE / f"{name}.txt").read_text("ascii").splitlines():
        if not line or line.startswith("#"):
            continue
        if " = " in line:
            fact, _, value = line.partition(" = ")
            facts[fact] = value
        else:
            operation, _, fields = line.partition(": ")
            request, _, reply = fields.partition(" -> ")
            array = f"{{{facts['target namespace']}}}ArrayOfString"
            operations[operation] = Signature(
                [field(word, array) for word in request.split()],
                [field(word, array) for word in reply.split()],
            )
    return Contract(facts, operations)


def field(word: str, array: str) -> Field:
    name, _, kind = word.partition(":")
    if name.endswith("[]"):
        return Field(name.removesuffix("[]"), array)
    type_ = XSD + (kind or "string")
    if name.endswith("?"):
        return Field(name.removesuffix("?"), type_, least=0)
    if name.endswith("+"):
        return Field(name.removesuffix("+"), type_, most="unbounded")
    return Field(name, type_)


class File:
    """A WSDL as XML: look-ups by path, and names expanded by the prefixes in scope."""

    def __init__(self, name: str) -> None:
        self.contract = read_table(name)
        self.root = etree.parse(FILES / f"{name}.wsdl").getroot()

    def all(self, path: str, start: etree._Element | None = None) -> list[etree._Element]:
        return (self.root if start is None else start).findall(path, NS)

    def one(self, path: str, start: etree._Element | None = None) -> etree._Element:
        (found,) = self.all(path, start)
        return found

    @staticmethod
    def expand(element: etree._Element, attribute: str) -> str:
        prefix, colon, local = element.attrib[attribute].rpartition(":")
        namespace = element.nsmap.get(prefix if colon else None)
        return f"{{{namespace}}}{local}" if namespace else local

    def own(self, local: str) -> str:
        return f"{{{self.contract['target namespace']}}}{local}"

    def names(self, path: str) -> list[str]:
        return [element.attrib["name"] for element in self.all(path)]

    def fields_of_element(self, name: str) -> list[Field]:
        """The fields of a global element, which must be a plain sequence of local elements."""
        element = self.one(f"wsdl:types/xsd:schema/xsd:element[@name='{name}']")
        assert set(element.attrib) == {"name"}
        (complex_type,) = element
        assert complex_type.tag == f"{XSD}complexType"
        assert not complex_type.attrib
        (sequence,) = complex_type
        assert sequence.tag == f"{XSD}sequence"
        assert not sequence.attrib
        fields = []
        for child in sequence:
            assert child.tag == f"{XSD}element"
            assert set(child.attrib) <= {"name", "type", "minOccurs", "maxOccurs"}
            assert len(child) == 0
            least = int(child.get("minOccurs", "1"))
            fields.append(Field(child.attrib["name"], self.expand(child, "type"), least, child.get("maxOccurs", "1")))
        return fields

    def parts(self, message: str) -> list[etree._Element]:
        return self.all(f"wsdl:message[@name='{message}']/wsdl:part")

    def fields_of_message(self, name: str) -> list[Field]:
        parts = self.parts(name)
        assert all(set(part.attrib) == {"name", "type"} for part in parts)
        return [Field(part.attrib["name"], self.expand(part, "type")) for part in parts]


@pytest.fixture(scope="module")
def document() -> File:
    return File("document_literal")


@pytest.fixture(scope="module")
def rpc() -> File:
    return File("rpc_encoded")


@pytest.fixture(params=["document_literal", "rpc_encoded"])
def file(request: pytest.FixtureRequest) -> File:
    return File(request.param)


def test_the_table_lists_the_fifteen_operations_of_both_dialects(document: File, rpc: File) -> None:
    assert len(document.contract.operations) == OPERATIONS
    assert [name.lower() for name in rpc.contract.operations] == list(document.contract.operations)


def test_target_namespace(file: File) -> None:
    assert file.root.attrib["targetNamespace"] == file.contract["target namespace"]
    assert file.one("wsdl:types/xsd:schema").attrib["targetNamespace"] == file.contract["target namespace"]


def test_child_elements_are_unqualified_because_the_schema_does_not_say_otherwise(file: File) -> None:
    schema = file.one("wsdl:types/xsd:schema")
    assert set(schema.attrib) == {"targetNamespace"}


def test_service_port_and_address(file: File) -> None:
    service = file.one("wsdl:service")
    port = file.one("wsdl:port", service)
    assert service.attrib["name"] == file.contract["service"]
    assert port.attrib["name"] == file.contract["port"]
    assert file.expand(port, "binding") == file.own(file.contract["binding"])
    assert file.one("soap:address", port).attrib["location"] == file.contract["address"]


def test_binding_is_soap_over_http_in_the_style_of_the_dialect(file: File) -> None:
    binding = file.one("wsdl:binding")
    assert binding.attrib["name"] == file.contract["binding"]
    assert file.expand(binding, "type") == file.own(file.contract["port type"])
    soap = file.one("soap:binding", binding)
    assert soap.attrib["transport"] == "http://schemas.xmlsoap.org/soap/http"
    assert soap.attrib["style"] == file.contract["style"]


def test_port_type_has_its_name(file: File) -> None:
    assert file.one("wsdl:portType").attrib["name"] == file.contract["port type"]


def test_port_type_and_binding_list_the_same_operations_in_the_contracts_order(file: File) -> None:
    expected = list(file.contract.operations)
    assert file.names("wsdl:portType/wsdl:operation") == expected
    assert file.names("wsdl:binding/wsdl:operation") == expected


def test_every_operation_has_its_soap_action_and_style(file: File) -> None:
    for operation in file.contract.operations:
        soap = file.one(f"wsdl:binding/wsdl:operation[@name='{operation}']/soap:operation")
        assert soap.attrib["soapAction"] == f"{file.contract['address']}/{operation}"
        assert soap.attrib["style"] == file.contract["style"]


def test_operations_ask_first_and_answer_then(file: File) -> None:
    """In WSDL 1.1 the order of input and output tells who speaks first."""
    faults = [f"{WSDL}fault"] if file.contract["style"] == "document" else []
    for operation in file.all("wsdl:portType/wsdl:operation"):
        assert [child.tag for child in operation] == [f"{WSDL}input", f"{WSDL}output", *faults]
    for operation in file.all("wsdl:binding/wsdl:operation"):
        assert [child.tag for child in operation] == [SOAP_OPERATION, f"{WSDL}input", f"{WSDL}output"]


def test_sections_stand_in_the_order_that_wsdl_lists_them(file: File) -> None:
    sections = list(dict.fromkeys(str(child.tag).removeprefix(WSDL) for child in file.root))
    assert sections == ["types", "message", "portType", "binding", "service"]


def bodies(file: File, operation: str) -> Iterator[etree._Element]:
    for direction in ("input", "output"):
        yield file.one(f"wsdl:binding/wsdl:operation[@name='{operation}']/wsdl:{direction}/soap:body")


def test_document_bodies_are_literal_and_name_no_namespace(document: File) -> None:
    for operation in document.contract.operations:
        for body in bodies(document, operation):
            assert dict(body.attrib) == {"use": document.contract["use"]}


def test_rpc_bodies_are_encoded_with_namespace_and_encoding_style(rpc: File) -> None:
    for operation in rpc.contract.operations:
        for body in bodies(rpc, operation):
            assert dict(body.attrib) == {
                "use": rpc.contract["use"],
                "namespace": rpc.contract["body namespace"],
                "encodingStyle": rpc.contract["encodingStyle"],
            }


def test_every_operation_takes_its_request_and_reply_messages(file: File) -> None:
    for operation in file.contract.operations:
        ends = file.one(f"wsdl:portType/wsdl:operation[@name='{operation}']")
        assert file.expand(file.one("wsdl:input", ends), "message") == file.own(f"{operation}Request")
        assert file.expand(file.one("wsdl:output", ends), "message") == file.own(f"{operation}Response")


def test_document_requests_and_replies_have_the_contracts_fields_types_order_and_occurrence(document: File) -> None:
    for operation, signature in document.contract.operations.items():
        assert document.fields_of_element(operation) == signature.request, operation
        assert document.fields_of_element(f"{operation}Response") == signature.reply, operation


def test_document_messages_carry_one_wrapper_element(document: File) -> None:
    for operation in document.contract.operations:
        wrappers = {"Request": operation, "Response": f"{operation}Response", "Fault": f"{operation}Fault"}
        for kind, element in wrappers.items():
            (part,) = document.parts(f"{operation}{kind}")
            assert document.expand(part, "element") == document.own(element)
            assert set(part.attrib) == {"name", "element"}
            # By this name stacks such as .NET's know that they may unwrap.
            assert part.attrib["name"] == ("fault" if kind == "Fault" else "parameters")


def test_document_schema_declares_nothing_else(document: File) -> None:
    expected = {
        f"{operation}{kind}" for operation in document.contract.operations for kind in ("", "Response", "Fault")
    }
    schema = document.one("wsdl:types/xsd:schema")
    assert {child.tag for child in schema} == {f"{XSD}element"}
    assert len(schema) == len(expected)
    assert {child.attrib["name"] for child in schema} == expected


def test_document_faults_hold_one_string_of_their_own_name(document: File) -> None:
    for operation in document.contract.operations:
        assert document.fields_of_element(f"{operation}Fault") == [Field(f"{operation}Fault", f"{XSD}string")]


def test_document_faults_are_declared_on_the_port_type_but_not_on_the_binding(document: File) -> None:
    for operation in document.contract.operations:
        fault = document.one(f"wsdl:portType/wsdl:operation[@name='{operation}']/wsdl:fault")
        assert document.expand(fault, "message") == document.own(f"{operation}Fault")
        assert fault.attrib["name"] == f"{operation}Fault"
    assert not document.all("wsdl:binding//wsdl:fault")
    assert not document.all("wsdl:binding//soap:fault")


def test_rpc_requests_and_replies_have_the_contracts_parts_types_and_order(rpc: File) -> None:
    for operation, signature in rpc.contract.operations.items():
        assert rpc.fields_of_message(f"{operation}Request") == signature.request, operation
        assert rpc.fields_of_message(f"{operation}Response") == signature.reply, operation


def test_rpc_declares_no_faults(rpc: File) -> None:
    assert not rpc.all(".//wsdl:fault")
    assert len(rpc.all("wsdl:message")) == 2 * OPERATIONS


def test_rpc_array_is_a_soap_array_of_strings(rpc: File) -> None:
    array = rpc.one("wsdl:types/xsd:schema/xsd:complexType")
    assert array.attrib["name"] == "ArrayOfString"
    restriction = rpc.one("xsd:complexContent/xsd:restriction", array)
    assert rpc.expand(restriction, "base") == f"{{{SOAP_ENC}}}Array"
    attribute = rpc.one("xsd:attribute", restriction)
    assert rpc.expand(attribute, "ref") == f"{{{SOAP_ENC}}}arrayType"
    assert rpc.expand(attribute, f"{WSDL}arrayType") == f"{XSD}string[]"


def test_rpc_imports_the_soap_encoding_namespace_without_a_location(rpc: File) -> None:
    """Every SOAP stack knows that namespace by heart; a location would make some of them fetch it."""
    (found,) = rpc.all(".//xsd:import")
    assert dict(found.attrib) == {"namespace": SOAP_ENC}
    assert not rpc.all(".//wsdl:import")


def test_document_imports_nothing(document: File) -> None:
    assert not document.all(".//xsd:import")
    assert not document.all(".//wsdl:import")


def test_no_file_points_outside_itself(file: File) -> None:
    """No location to fetch from, no include, no redefinition, no document type."""
    assert not file.root.xpath("//@schemaLocation | //@location[not(parent::soap:address)]", namespaces=NS)
    assert not file.all(".//xsd:include")
    assert not file.all(".//xsd:redefine")
    assert not file.root.getroottree().docinfo.doctype


def test_the_contracts_data_is_what_both_wsdls_say() -> None:
    """Commands, client ids and fields are known without reading a WSDL, so that no event loop waits for it."""
    for dialect in Dialect:
        signatures = {name.lower(): each for name, each in read_table(dialect).operations.items()}
        names = {name: {field.name.lower() for field in each.request} for name, each in signatures.items()}
        assert signatures.keys() == COMMANDS
        assert {name for name, fields in names.items() if "climsgid" in fields} == CLIENT_ID_COMMANDS
        assert sum(field.startswith("field") for field in names["senditem"]) == BATCH_FIELDS[dialect]
