"""Which texts of an XPath expression are written for programs."""

import pytest

from scrape_operator.extraction.selectors.origins import is_machine


@pytest.mark.parametrize(
    "expression",
    [
        "//meta/@content",
        "@value",
        ".//p/attribute::data-price",
        ".//meta / @content",
        "//p[@title='|']/@data-price[1]",
        "(//p/@data-price)[1]",
        "(//a | //b)/@content",
        "id('x')/@content",
        "//a/@content | //b/@value",
        "string(//p/@value)",
        "normalize-space((//p[text()]/@value)[1])",
        "substring-after(concat('EUR ', .//meta/@content), 'EUR ')",
        "substring(//p/@value, 2, string-length(//p/@value))",
        "concat(//p/@value, '.', //p/@data-cents)",
        "translate(@content, ' ', '')",
    ],
)
def test_attributes_for_programs_alone_or_in_functions_are_machine_data(expression: str) -> None:
    assert is_machine(expression) is True


@pytest.mark.parametrize(
    "expression",
    [
        "//p/text()",
        "//p",
        ".",
        "//p/@title",
        "//p/@x:content",
        "//p[@content]/text()",
        "//p[@content='a' or //b/@value]",
        "//content | //value",
        "string(//p)",
        "concat(//p/@content, //p)",
        "substring-after(//p, '@content')",
        "normalize-space(//b/text() | //a/@content)",
        "//p/@content-type",
        "//p/@content/..",
        "'@content'",
    ],
)
def test_other_texts_are_not(expression: str) -> None:
    assert is_machine(expression) is False


@pytest.mark.parametrize(
    "expression",
    [
        "//p/text() | //a/@content",
        "//a/@content | //p/text()",
        "(//p/text() | //a/@content)[1]",
        "//a/@content | //a/@title",
        "//a/@* | //p",
        "//a/@*[starts-with(name(), 'data-')]",
        "//a/attribute::node()",
        "//a/attribute::*[name() = 'content']",
    ],
)
def test_what_may_select_both_is_decided_for_each_text(expression: str) -> None:
    assert is_machine(expression) is None
