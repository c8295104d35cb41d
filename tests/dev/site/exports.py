"""The demo shop's goods in the other formats that a schedule can read. `tests.dev.site.site` serves them."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from email.utils import format_datetime
from html import escape

from tests.dev.site.catalogue import CURRENCY, Product


def as_csv(products: Sequence[Product]) -> str:
    """Write a CSV as a German shop does: semicolons, and commas as decimal marks."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(["sku", "name", "price", "changed"])
    for product in products:
        price = f"{product.price:.2f}".replace(".", ",")
        writer.writerow([product.sku, product.name, price, f"{product.changed_at:%d.%m.%Y}"])
    return out.getvalue()


def as_ndjson(products: Sequence[Product]) -> str:
    """Write a JSON object on each line."""
    return "".join(json.dumps({"sku": product.sku, "stock": product.stock}) + "\n" for product in products)


def as_xml(products: Sequence[Product]) -> str:
    """Write XML with a namespace."""
    rows = "".join(
        f'<p:product sku="{product.sku}"><p:name>{escape(product.name)}</p:name></p:product>' for product in products
    )
    return f'<?xml version="1.0"?><p:products xmlns:p="urn:example:products">{rows}</p:products>'


def as_feed(products: Sequence[Product]) -> str:
    """Write an RSS feed of what changed."""
    entries = "".join(
        f'<item><guid isPermaLink="false">{product.sku}</guid><title>{escape(product.name)}</title>'
        f"<link>/shop/products/{product.sku}</link><pubDate>{format_datetime(product.changed_at)}</pubDate></item>"
        for product in products
    )
    return f'<rss version="2.0"><channel><title>Demo shop</title>{entries}</channel></rss>'


def as_text(products: Sequence[Product]) -> str:
    """Write a line of text for each product."""
    return "".join(f"{product.sku}: {product.stock} in stock\n" for product in products)


def as_page(products: Sequence[Product]) -> str:
    """Write a page whose data are in scripts: JSON-LD, and JSON for the page's own code."""
    linked = [
        {
            "@type": "Product",
            "sku": product.sku,
            "name": product.name,
            "offers": {"@type": "Offer", "price": str(product.price), "priceCurrency": CURRENCY},
        }
        for product in products
    ]
    state = {"props": {"products": [{"sku": product.sku, "rating": product.rating} for product in products]}}
    graph = {"@context": "https://schema.org", "@graph": linked}
    return (
        "<!DOCTYPE html><html lang=en><title>Demo shop</title>"
        f'<script type="application/ld+json">{json.dumps(graph)}</script>'
        f'<script id="state" type="application/json">{json.dumps(state)}</script></html>'
    )


def as_table(products: Sequence[Product]) -> str:
    """Write a page with a table."""
    rows = "".join(
        f"<tr><td>{product.sku}</td><td>{escape(product.name)}</td><td>{product.price:.2f} {CURRENCY}</td></tr>"
        for product in products
    )
    head = "<thead><tr><th>Number</th><th>Name</th><th>Price</th></tr></thead>"
    table = f"<table id=prices>{head}<tbody>{rows}</tbody></table>"
    return f"<!DOCTYPE html><html lang=en><title>Price list</title>{table}</html>"


EXPORTS: Mapping[str, tuple[str, Callable[[Sequence[Product]], str]]] = {
    "products.csv": ("text/csv", as_csv),
    "products.ndjson": ("application/x-ndjson", as_ndjson),
    "products.xml": ("application/xml", as_xml),
    "products.rss": ("application/rss+xml", as_feed),
    "products.txt": ("text/plain", as_text),
    "products.html": ("text/html", as_page),
    "price-list.html": ("text/html", as_table),
}
"""The name of each export with its content type and its writer."""
