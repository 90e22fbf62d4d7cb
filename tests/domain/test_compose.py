"""Writing a message (C069-C079)."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.compose import Rendered, compile_content, write
from app.domain.model.campaign import Campaign, Content, Inbox, Missing
from app.domain.model.reason import Reason
from app.domain.model.user import Device
from app.domain.model.verdict import Drop
from tests.domain.makers import a_campaign, a_device, a_trigger

DAY_MS = 86_400_000


def compose(campaign: Campaign, device: Device | None = None, **properties: Any) -> Rendered | Drop:
    return write(
        compile_content(campaign),
        user_id="u-17",
        traits={"first_name": "Ann", "id": "other"},
        event=a_trigger(**properties),
        now_ms=0,
        zone="UTC",
        message_id="m-1",
        device=device,
    )


def of(**fields: Any) -> Campaign:
    return a_campaign(what=Content(**{"title": "t", "body": "b", **fields}))


def test_given_the_golden_example_then_every_field_is_written() -> None:
    campaign = of(
        title="Still thinking, {{ user.first_name | default: 'friend' }}?",
        body="{{ event.name }} is waiting in your cart.",
        link="https://shop.example/cart/{{ event.cart_id }}",
        image="https://shop.example/kettle.png",
        data={"cart": "{{ event.cart_id }}", "kind": "cart"},
        collapse="cart-{{ event.cart_id }}",
    )
    rendered = compose(campaign, cart_id="c-9", name="Blue kettle")
    assert rendered == Rendered(
        title="Still thinking, Ann?",
        body="Blue kettle is waiting in your cart.",
        link="https://shop.example/cart/c-9",
        image="https://shop.example/kettle.png",
        data={"cart": "c-9", "kind": "cart"},
        collapse="cart-c-9",
        inbox_title="Still thinking, Ann?",
        inbox_body="Blue kettle is waiting in your cart.",
        inbox_link="https://shop.example/cart/c-9",
        inbox_image="https://shop.example/kettle.png",
    )


def test_given_an_inbox_with_texts_of_its_own_then_they_win_there_and_nowhere_else() -> None:
    campaign = a_campaign(
        inbox=Inbox(True, DAY_MS, title="Inbox of {{ user.first_name }}", link="shop://inbox")
    )
    rendered = compose(campaign)
    assert isinstance(rendered, Rendered)
    assert (rendered.inbox_title, rendered.inbox_body) == ("Inbox of Ann", rendered.body)
    assert (rendered.link, rendered.inbox_link) == (None, "shop://inbox")


def test_given_the_variables_then_the_user_id_is_ours_and_a_property_wins_over_the_events_name() -> None:
    title = "{{ user.id }} {{ event.name }} {{ campaign.id }} {{ campaign.name }} {{ campaign.message_id }}"
    unnamed, named = compose(of(title=title)), compose(of(title=title), name="Kettle")
    assert isinstance(unnamed, Rendered)
    assert isinstance(named, Rendered)
    assert unnamed.title == "u-17 add_to_cart cart-reminder Cart reminder m-1"
    assert named.title == "u-17 Kettle cart-reminder Cart reminder m-1"


def test_given_a_device_then_it_may_be_spoken_of_but_never_its_token() -> None:
    rendered = compose(
        of(title="{{ device.os }} {{ device.model }}{{ device.token }}"), a_device(model="13T")
    )
    assert isinstance(rendered, Rendered)
    assert rendered.title == "android 13T"


def test_given_constant_texts_then_they_are_written_once() -> None:
    compiled = compile_content(of(link="shop://cart"))
    assert compiled.finished is not None
    assert compose(of(link="shop://cart")) == compiled.finished


@pytest.mark.parametrize(
    ("fields", "reason", "detail"),
    [
        (
            {"title": "{{ event.gone }}", "missing": Missing.DROP},
            Reason.MISSING_VARIABLE,
            "what.title: event.gone",
        ),
        (
            {"body": "{{ 1 | divided_by: 0 }}"},
            Reason.TEMPLATE_ERROR,
            "what.body: divided_by: can't divide by 0",
        ),
        ({"link": "{{ event.path }}/x"}, Reason.TEMPLATE_ERROR, "what.link: "),
        ({"link": "javascript:{{ event.path }}"}, Reason.TEMPLATE_ERROR, "what.link: "),
        ({"image": "shop://{{ event.path }}"}, Reason.TEMPLATE_ERROR, "what.image: "),
        ({"link": "nowhere"}, Reason.TEMPLATE_ERROR, "what.link: "),
        ({"data": {"a": "{{ 'x' | base64_decode }}"}}, Reason.TEMPLATE_ERROR, "what.data.a: "),
    ],
)
def test_given_a_field_that_cannot_be_written_then_the_message_is_dropped_and_the_field_named(
    fields: dict[str, Any], reason: Reason, detail: str
) -> None:
    outcome = compose(of(**fields))
    assert isinstance(outcome, Drop)
    assert outcome.reason is reason
    assert outcome.detail.startswith(detail)


def test_given_a_link_that_renders_empty_then_there_is_none() -> None:
    rendered = compose(of(link="{{ event.link }}", image="{{ event.image }}", collapse="{{ event.key }}"))
    assert isinstance(rendered, Rendered)
    assert (rendered.link, rendered.image, rendered.collapse) == (None, None, None)


def test_given_pinned_inbox_texts_then_they_are_taken_as_they_are() -> None:
    pinned = Rendered.of_inbox("t", "b", "shop://x", None)
    assert (pinned.inbox_title, pinned.inbox_body, pinned.inbox_link, pinned.inbox_image) == (
        "t",
        "b",
        "shop://x",
        None,
    )
