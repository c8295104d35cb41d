from typing import Any

import pytest

from scrape_operator.api.kinds.extract import Extract
from scrape_operator.api.kinds.target import Target
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import Document
from scrape_operator.extraction.compiling import PageSpec, compile_page, compile_target, recompile

TARGET = "spec.targets[0]"
PATH = f"{TARGET}.extract"


def findings(*fields: dict[str, Any], **extract: Any) -> list[tuple[str, str]]:
    named = [{"name": f"f{index}", **field} for index, field in enumerate(fields)]
    compiled, found = compile_page(PageSpec(extract=Extract.model_validate({"fields": named, **extract})), TARGET)
    assert (compiled is None) == bool(found)
    return [(finding.path.removeprefix(f"{PATH}."), finding.message) for finding in found]


@pytest.mark.parametrize(
    ("field", "path", "told"),
    [
        ({"css": "div["}, "css", "not a CSS selector"),
        ({"css": ".a:first-of-type"}, "css", "write the element's name before it, such as li:first-of-type"),
        ({"css": "div::first-line"}, "css", "there are ::text and ::attr(name)"),
        ({"css": ":is(" * 250}, "css", ""),
        ({"css": "a:hover:unknown"}, "css", "unknown"),
        ({"xpath": "//a["}, "xpath", "not an XPath 1.0 expression"),
        ({"xpath": "//a/{x}"}, "xpath", "not an XPath 1.0 expression"),
        ({"xpath": "foo(.)"}, "xpath", "foo() is no function of XPath 1.0"),
        ({"xpath": "//a[document('/etc/passwd')]"}, "xpath", "document() is no function"),
        ({"xpath": "re:test(., 'x')"}, "xpath", "use the field's regex"),
        ({"xpath": "//svg:path"}, "xpath", "HTML has no namespace prefixes"),
        ({"xpath": "//a[. = $x]"}, "xpath", "there are no variables"),
        ({"xpath": "count()"}, "xpath", "not an XPath 1.0 expression"),
        ({"jmespath": "a["}, "jmespath", "not a JMESPath expression"),
        ({"jmespath": "foo(@)"}, "jmespath", "foo() is no function of JMESPath: use one of abs, avg"),
        ({"jmespath": "a[?length() > `1`]"}, "jmespath", "length() takes 1 arguments and got 0"),
        ({"jmespath": "[" * 100 + "a" + "]" * 100}, "jmespath", "nested too deeply"),
        ({"jmespath": "!" * 1000 + "a"}, "jmespath", "nested too deeply"),
        ({"css": "a", "regex": "(?=x)"}, "regex", "RE2 has no look-around"),
        ({"css": "a", "regex": "(a)\\1"}, "regex", "no back-reference"),
        ({"css": "a", "regex": "("}, "regex", "not an RE2 expression"),
        ({"css": "a", "type": "Integer", "default": "5"}, "default", "'5' is no Integer"),
        ({"css": "a", "type": "Integer", "default": True}, "default", "is no Integer"),
        ({"css": "a", "default": 5}, "default", "is no String"),
        ({"css": "a", "type": "DateTime", "default": "soon"}, "default", "is no DateTime"),
        ({"css": "a", "type": "URL", "default": "/x"}, "default", "is no URL"),
        ({"css": "a", "type": "Decimal", "default": "x"}, "default", "is no Decimal"),
        ({"css": "a", "many": True, "default": "x"}, "default", "must be a list"),
        ({"css": "a", "many": True, "default": ["x", 1]}, "default", "'1' is no String"),
        ({"const": "x", "type": "Integer"}, "const", "is no Integer"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_mistake_is_found_where_it_stands(field: dict[str, Any], path: str, told: str):
    [found] = findings({"const": 1}, field)
    assert found[0] == f"fields[1].{path}"
    assert told in found[1]


@pytest.mark.parametrize(
    "field",
    [
        {"css": "a", "type": "Integer", "default": 5},
        {"css": "a", "type": "Decimal", "default": "5.00"},
        {"css": "a", "type": "Decimal", "default": 5},
        {"css": "a", "type": "Number", "default": 2.5},
        {"css": "a", "type": "Boolean", "default": False},
        {"css": "a", "type": "DateTime", "default": "2026-01-01T00:00:00Z"},
        {"css": "a", "type": "URL", "default": "https://x.example/"},
        {"css": "a", "type": "JSON", "default": {"a": [1]}},
        {"css": "a", "many": True, "default": ["x"]},
        {"jmespath": ".".join("a" * 400)},
        {"jmespath": "a[?b == `x`]"},
        {"xpath": "//*[local-name() = 'svg' and (@a or @b) and position() mod 2 = 1]"},
        {"xpath": "(//div/and | //or)[1]"},
        {"css": "a:has(> b):not(.c)::text"},
    ],
    ids=str,
)
def test_what_is_right_is_accepted(field: dict[str, Any]):
    assert findings(field) == []


@pytest.mark.parametrize(
    ("items", "path", "told"),
    [
        ({"css": "a::text"}, "items.css", "remove ::text or ::attr()"),
        ({"css": "a::attr(href)"}, "items.css", "remove ::text or ::attr()"),
        ({"xpath": "//a/@href"}, "items.xpath", "end it at an element"),
        ({"xpath": "count(//a)"}, "items.xpath", "end it at an element"),
        ({"xpath": "//a["}, "items.xpath", "not an XPath"),
    ],
    ids=str,
)
def test_items_must_be_nodes(items: dict[str, Any], path: str, told: str):
    [found] = findings({"css": "a"}, items=items)
    assert found[0] == path
    assert told in found[1]


def test_a_fixed_format_refuses_selectors_of_others():
    assert findings({"css": "a"}, format="JSON") == [
        ("fields[0].css", "JSON has no css selectors: use jmespath, or set extract.format to another format")
    ]
    assert findings({"jmespath": "a"}, format="HTML") == [
        (
            "fields[0].jmespath",
            "HTML has no jmespath selectors: use css or xpath, or set extract.format to another format",
        )
    ]


def test_selectors_of_two_formats_fail_once_the_format_is_found():
    spec = Extract.model_validate({"fields": [{"name": "a", "css": "a"}, {"name": "b", "jmespath": "b"}]})
    compiled, found = compile_page(PageSpec(extract=spec), TARGET)
    assert found == ()
    assert compiled is not None
    with pytest.raises(ScrapeFailed, match="ExtractionError"):
        compiled.extract(Document(b"<a>1</a>", "https://x.example/", "text/html"))


def test_every_mistake_is_told_at_once():
    found = findings({"css": "["}, {"xpath": "["}, {"css": "a", "regex": "("}, items={"css": "a::text"})
    assert [path for path, _ in found] == ["items.css", "fields[0].css", "fields[1].xpath", "fields[2].regex"]


def test_a_compiled_extract_can_be_compiled_anew_from_its_spec():
    spec = Extract.model_validate(
        {"items": {"css": "p"}, "fields": [{"name": "a", "css": "::text", "type": "Integer"}]}
    )
    compiled, _ = compile_page(PageSpec(extract=spec), TARGET)
    assert compiled is not None
    again = recompile(compiled.spec)
    assert again.extract(Document(b"<p>5</p>", "https://x.example/", "text/html")).items == [{"a": 5}]


def test_extracts_that_are_the_same_share_what_they_were_compiled_to() -> None:
    fields = [{"name": "sku", "jmespath": "sku"}]
    one, other, different = (
        compile_page(PageSpec(extract=Extract.model_validate({"items": {"jmespath": items}, "fields": fields})), "")[0]
        for items in ("data[*]", "data[*]", "rows[*]")
    )
    assert one is other
    assert one is not different


def test_what_is_wrong_is_told_each_time_where_it_stands() -> None:
    wrong = Extract.model_validate({"fields": [{"name": "sku", "jmespath": "a["}]})
    for path in ("spec.targets[0]", "spec.targets[1]"):
        compiled, findings = compile_page(PageSpec(extract=wrong), path)
        assert compiled is None
        assert [finding.path for finding in findings] == [f"{path}.extract.fields[0].jmespath"]


def test_the_links_of_a_target_are_compiled_with_its_fields() -> None:
    target = Target.model_validate(
        {
            "name": "a",
            "http": {"url": "https://x.example/"},
            "paginate": {"nextLink": {"css": "a::attr("}},
            "extract": {"fields": [{"name": "b", "css": "["}]},
            "follow": {"link": {"xpath": "a["}, "fields": [{"name": "c", "css": "]"}]},
        }
    )
    compiled, findings = compile_target(target, "spec.targets[3]")
    assert compiled is None
    assert [finding.path.removeprefix("spec.targets[3].") for finding in findings] == [
        "extract.fields[0].css",
        "paginate.nextLink.css",
        "follow.link.xpath",
        "follow.fields[0].css",
    ]
