"""What is known of one user: what the log has said, and what they were sent."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

ZONES = available_timezones()
OPENED = ("App Opened", "Application Opened")
STATUSES = ("ask", "allowed", "blocked", "unsupported")


class Person:
    """One user; everything is kept for ever."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.traits: dict[str, Any] = {}
        self.devices: dict[str, dict[str, Any]] = {}
        self.zone: str | None = None
        self.locale: str | None = None
        self.position: tuple[float, float] | None = None
        self.position_ms = 0
        self.session: str | None = None
        self.session_ms = 0
        self.ids: list[str] = []
        self.past: list[tuple[int, str, dict[str, Any]]] = []
        self.pushed_ms: list[int] = []
        self.reached: list[str] = []

    def is_repeat(self, message_id: str) -> bool:
        """Is it among the last 32? Else it is from now on."""
        if message_id in self.ids[-32:]:
            return True
        self.ids.append(message_id)
        return False

    def learn(self, message: dict[str, Any], at_ms: int) -> tuple[str, str] | None:
        """Take in traits and context. The token and the device, where a token may have moved to this device."""
        for name, value in (message.get("traits") or {}).items():
            self.traits[name] = value
            if value is None:
                del self.traits[name]
        context = message.get("context", {})
        if context.get("timezone") in ZONES:
            self.zone = context["timezone"]
        self.locale = context.get("locale", self.locale)
        if "location" in context and (self.position is None or at_ms >= self.position_ms):
            where = context["location"]
            self.position, self.position_ms = (where["latitude"], where["longitude"]), at_ms
        return self._learn_device(context, at_ms) if "device" in context else None

    def _learn_device(self, context: dict[str, Any], at_ms: int) -> tuple[str, str] | None:
        said = context["device"]
        device = self.devices.get(said["id"])
        if device is None:
            device = self.devices[said["id"]] = {
                "id": said["id"], "os": None, "token": None, "push": "ask", "suspended": False, "seen_ms": at_ms,
            }  # fmt: skip
        if at_ms < device["seen_ms"]:
            return None
        before = dict(device)
        token = said.get("token")
        brings = token is not None and (token != device["token"] or device["suspended"])
        if brings:
            device["token"], device["suspended"], device["push"] = token, False, "allowed"
        told = {
            "os": said["type"].lower() if "type" in said else None,
            "push": said.get("push"),
            "manufacturer": said.get("manufacturer"),
            "model": said.get("model"),
            "os_version": context.get("os", {}).get("version"),
            "app_version": context.get("app", {}).get("version"),
            "sdk_version": context.get("library", {}).get("version"),
        }
        device.update({name: value for name, value in told.items() if value is not None})
        others_ms = [each["seen_ms"] for each in self.devices.values() if each is not device]
        if device != before or any(other_ms >= device["seen_ms"] for other_ms in others_ms):
            device["seen_ms"] = at_ms  # it said something new, or spoke after another did
        return (token, said["id"]) if brings else None

    def note(self, message: dict[str, Any], at_ms: int) -> None:
        """What an event says by its name alone: a launch of the app, another permission."""
        name, said = message["event"], message.get("context", {}).get("device", {})
        if name in OPENED and "id" in said and (self.session is None or at_ms >= self.session_ms):
            self.session, self.session_ms = said["id"], at_ms
        if name == "Push Permission Changed":
            properties = message.get("properties", {})
            device = self.devices.get(properties.get("device_id") or said.get("id"))
            if device is not None and properties.get("status") in STATUSES:
                device["push"] = properties["status"]
