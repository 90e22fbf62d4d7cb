"""Links and images (C078, C079)."""

from __future__ import annotations

import pytest

from app.domain.rules.links import fault_of_image, fault_of_link


@pytest.mark.parametrize(
    "link",
    ["https://shop.example/cart/1", "http://shop.example", "HTTPS://shop.example", "shop://cart/1", "tel:+1"],
)
def test_given_a_web_address_or_an_apps_own_scheme_then_it_is_a_link(link: str) -> None:
    assert fault_of_link(link) is None


@pytest.mark.parametrize(
    "link",
    ["", "shop.example/cart", "/cart", "https://", "https:///cart", "javascript:alert(1)", "DATA:text/html,x",
     "file:///x", "https://[::1", "shop://a\nb"],
)  # fmt: skip
def test_given_anything_else_then_it_says_what_is_wrong(link: str) -> None:
    assert fault_of_link(link)


def test_given_an_image_then_only_a_web_address_will_do() -> None:
    assert fault_of_image("https://shop.example/kettle.png") is None
    assert fault_of_image("shop://kettle.png")
    assert fault_of_image("kettle.png")
