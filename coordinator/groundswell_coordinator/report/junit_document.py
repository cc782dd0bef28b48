"""JUnit XML, as CI systems read it: a suite of test cases, each passed, failed or in error.

suite = new_suite("checkout", 60.0)
add_outcome(add_case(suite, "checkout", "p(95) < 300ms", 0.0), "failure", "broken", ["it was 312ms"])
document(suite)
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as Xml

# XML has no way to write these, not even as entities.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def new_suite(name: str, seconds: float) -> Xml.Element:
    return Xml.Element("testsuite", name=xml_text(name), time=f"{seconds:.3f}")


def add_case(suite: Xml.Element, test: str, name: str, seconds: float) -> Xml.Element:
    return Xml.SubElement(
        suite, "testcase", classname=xml_text(test), name=xml_text(name), time=f"{seconds:.3f}"
    )


def add_outcome(
    case: Xml.Element, kind: str, code: str, said: list[str], hint: str | None = None
) -> None:
    lines = [*said, *([f"hint: {hint}"] if hint else [])]
    outcome = Xml.SubElement(case, kind, type=xml_text(code), message=xml_text(said[0]))
    outcome.text = xml_text("\n".join(lines))


def document(suite: Xml.Element) -> str:
    """The suite, counted, in the element that CI systems look for."""
    counts = {
        "tests": len(suite.findall("testcase")),
        "failures": len(suite.findall("testcase/failure")),
        "errors": len(suite.findall("testcase/error")),
        "skipped": 0,
    }
    root = Xml.Element("testsuites", name="groundswell", time=suite.get("time", "0"))
    for name, count in counts.items():
        suite.set(name, str(count))
        root.set(name, str(count))
    root.append(suite)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode")


def xml_text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
