"""Small makers: what a test does not name, does not matter to it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from app.domain.model.campaign import Campaign, Content, When
from app.domain.model.event import PushStatus
from app.domain.model.user import Device, Profile, Trigger


def a_campaign(**fields: Any) -> Campaign:
    """An inaction-free campaign on `add_to_cart` with constant texts."""
    campaign = Campaign(
        "cart-reminder", "Cart reminder", When("add_to_cart"), Content("Still thinking?", "Yours.")
    )
    return replace(campaign, **fields)


def a_device(device_id: str = "d-1", **fields: Any) -> Device:
    """An android device that may be sent to."""
    return replace(Device(device_id, "android", "token", PushStatus.ALLOWED), **fields)


def a_profile(*devices: Device, **traits: Any) -> Profile:
    """A user with these devices and traits."""
    return Profile(traits, {device.id: device for device in devices})


def a_trigger(**properties: Any) -> Trigger:
    """`add_to_cart` with these properties."""
    return Trigger("e-1", "add_to_cart", 1_795_338_000_000, properties)
