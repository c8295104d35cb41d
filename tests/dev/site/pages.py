"""The demo shop's goods as HTML and as JSON: text in, text out. Called by `tests.dev.site.site`."""

from collections.abc import Sequence
from html import escape
from typing import Any

from tests.dev.site.catalogue import CATEGORIES, CURRENCY, Product

PAGE_SIZE = 24


def product_json(product: Product) -> dict[str, Any]:
    """Return a product as the API shows it; the price is a JSON number with two decimals."""
    return {
        "sku": product.sku,
        "name": product.name,
        "category": product.category,
        "price": {"amount": float(product.price), "currency": CURRENCY},
        "stock": product.stock,
        "rating": product.rating,
        "tags": list(product.tags),
        "url": f"/shop/products/{product.sku}",
        "changedAt": product.changed_at.isoformat(),
    }


def list_page(title: str, base: str, products: Sequence[Product], page: int) -> str:
    """Write page `page` (from 1) of a list that lives at `base`, with links to its neighbours."""
    pages = max(1, -(-len(products) // PAGE_SIZE))
    shown = products[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    previous = f'<li class="previous"><a rel="prev" href="{base}?page={page - 1}">Previous</a></li>' if page > 1 else ""
    following = f'<li class="next"><a rel="next" href="{base}?page={page + 1}">Next</a></li>' if page < pages else ""
    cards = "\n".join(_card(product) for product in shown)
    categories = "".join(f'<li><a href="/shop/categories/{name}">{name.title()}</a></li>' for name in CATEGORIES)
    return _document(
        title,
        f'<nav><ul class="categories">{categories}</ul></nav>\n<p class="total">{len(products)} products</p>\n'
        f'<main>\n{cards}\n</main>\n<ul class="pager">{previous}<li>Page {page} of {pages}</li>{following}</ul>',
    )


def product_page(product: Product) -> str:
    """Write the page of one product."""
    stock = f"In stock: {product.stock}" if product.stock else "Out of stock"
    tags = "".join(f'<li class="tag">{escape(tag)}</li>' for tag in product.tags)
    return _document(
        product.name,
        f'<article class="product" data-sku="{product.sku}"><h1>{escape(product.name)}</h1>\n'
        f'<p class="price">{CURRENCY} {product.price:,.2f}</p><p class="stock">{stock}</p>\n'
        f'<dl><dt>Rating</dt><dd class="rating">{product.rating:.1f}</dd></dl><ul class="tags">{tags}</ul>\n'
        f'<p>One of our <a class="category" href="/shop/categories/{product.category}">{product.category}</a>, '
        f'price of <time datetime="{product.changed_at.isoformat()}">{product.changed_at:%d %B %Y, %H:%M}</time>.</p>'
        "</article>",
    )


def start_page() -> str:
    """Write the page that tells a person what is here."""
    links = ("/shop", "/api/products", "/api/prices", "/api/stock", "/api/categories", "/counts")
    return _document("Demo shop", "<ul>" + "".join(f'<li><a href="{link}">{link}</a></li>' for link in links) + "</ul>")


def _card(product: Product) -> str:
    tags = "".join(f'<li class="tag">{escape(tag)}</li>' for tag in product.tags)
    availability = "available" if product.stock else "sold-out"
    return (
        f'<article class="product {availability}" data-sku="{product.sku}">\n'
        f'  <h2><a href="/shop/products/{product.sku}">{escape(product.name)}</a></h2>\n'
        f'  <p class="price">{CURRENCY} {product.price:,.2f}</p>\n'
        f'  <p class="stock">{product.stock} left</p> <span class="rating">{product.rating:.1f} of 5</span>\n'
        f'  <time datetime="{product.changed_at.isoformat()}"></time>\n'
        f'  <ul class="tags">{tags}</ul>\n'
        "</article>"
    )


def _document(title: str, body: str) -> str:
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{escape(title)}</title></head>\n'
        f"<body>\n<h1>{escape(title)}</h1>\n{body}\n</body>\n</html>\n"
    )
