"""The third question: what does the message say, to this person, now? (C069-C072)"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, final

from msgspec import Struct

from app.domain.model.campaign import Campaign, Inbox
from app.domain.model.reason import Reason
from app.domain.model.user import Device, Trigger
from app.domain.model.verdict import Drop
from app.domain.rules.links import fault_of_image, fault_of_link
from app.domain.rules.templates import Constant, Template, compile_template, render_template


@final
class Rendered(Struct, frozen=True):
    """The texts of one message. The inbox's are those of the push where the campaign has none of
    their own.
    """

    title: str
    body: str
    link: str | None
    image: str | None
    data: dict[str, str]
    collapse: str | None
    inbox_title: str
    inbox_body: str
    inbox_link: str | None
    inbox_image: str | None

    @classmethod
    def of_inbox(cls, title: str, body: str, link: str | None, image: str | None) -> Rendered:
        """The texts of an inbox item that was rendered and pinned earlier."""
        return cls(title, body, link, image, {}, None, title, body, link, image)


class CompiledContent(Struct, frozen=True):
    """The parsed templates of one version of a campaign, by the field's path in its file.

    `finished`: the message itself, where nothing in it varies.
    """

    campaign: str
    name: str
    fields: tuple[tuple[str, Template], ...]
    finished: Rendered | None = None


def compile_content(campaign: Campaign) -> CompiledContent:
    """Parse every template once. Raises ValueError for one that reading would have refused."""
    sources = _sources(campaign)
    fields = tuple((path, compile_template(text, campaign.what.missing)) for path, text in sources.items())
    compiled = CompiledContent(campaign.id, campaign.name, fields)
    if not all(isinstance(template, Constant) for _, template in fields):
        return compiled
    finished = _render(compiled, {}, 0, "UTC")
    if type(finished) is Drop:
        return compiled
    return CompiledContent(campaign.id, campaign.name, fields, finished)


def write(  # noqa: PLR0913 - a template may speak of each of them
    compiled: CompiledContent,
    *,
    user_id: str,
    traits: Mapping[str, Any],
    event: Trigger,
    now_ms: int,
    zone: str,
    message_id: str,
    device: Device | None = None,
) -> Rendered | Drop:
    """The message, or why there is none: `missing_variable`, `template_error`; the detail names the field.

    Templates see `user` (the traits, and `id`), `event` (its properties, and `name` where no property has
    that name), `campaign` (`id`, `name`, `message_id`), and `device` where the message is for a single one.
    Dates are of `now_ms`, in `zone`.
    """
    if compiled.finished is not None:
        return compiled.finished
    values = {
        "user": {**traits, "id": user_id},
        "event": {"name": event.name, **event.properties},
        "campaign": {"id": compiled.campaign, "name": compiled.name, "message_id": message_id},
    }
    if device is not None:
        values["device"] = _describe(device)
    return _render(compiled, values, now_ms, zone)


def _sources_of_inbox(inbox: Inbox) -> dict[str, str]:
    """The templates of the inbox that are given, by path."""
    given = {"title": inbox.title, "body": inbox.body, "link": inbox.link, "image": inbox.image}
    return {f"inbox.{name}": text for name, text in given.items() if text is not None}


def _sources(campaign: Campaign) -> dict[str, str]:
    what = campaign.what
    given = {"title": what.title, "body": what.body, "link": what.link, "image": what.image}
    sources = {f"what.{name}": text for name, text in given.items() if text is not None}
    if what.collapse is not None:
        sources["what.collapse"] = what.collapse
    sources |= {f"what.data.{key}": text for key, text in what.data.items()}
    return sources if campaign.inbox is None else sources | _sources_of_inbox(campaign.inbox)


def _render(compiled: CompiledContent, values: Mapping[str, Any], now_ms: int, zone: str) -> Rendered | Drop:
    texts: dict[str, str] = {}
    for path, template in compiled.fields:
        text = render_template(template, values, now_ms, zone)
        if type(text) is Drop:
            return Drop(text.reason, f"{path}: {text.detail}")
        if path in _CHECKS:
            fault = _fault(path, text)
            if fault is not None:
                return Drop(Reason.TEMPLATE_ERROR, f"{path}: {fault}")
        texts[path] = text
    return _assemble(texts)


def _assemble(texts: dict[str, str]) -> Rendered:
    prefix = "what.data."
    title, body = texts["what.title"], texts["what.body"]
    link, image = texts.get("what.link") or None, texts.get("what.image") or None
    return Rendered(
        title,
        body,
        link,
        image,
        {path.removeprefix(prefix): text for path, text in texts.items() if path.startswith(prefix)},
        texts.get("what.collapse") or None,
        texts.get("inbox.title", title),
        texts.get("inbox.body", body),
        texts.get("inbox.link", link) or None,
        texts.get("inbox.image", image) or None,
    )


_CHECKS: dict[str, Callable[[str], str | None]] = {
    "what.link": fault_of_link,
    "inbox.link": fault_of_link,
    "what.image": fault_of_image,
    "inbox.image": fault_of_image,
}


def _fault(path: str, text: str) -> str | None:
    """A link or image that rendered empty is none; any other must be one (C079)."""
    check = _CHECKS.get(path)
    return None if check is None or not text else check(text)


def _describe(device: Device) -> dict[str, str | None]:
    return {
        "id": device.id,
        "os": device.platform,
        "manufacturer": device.manufacturer,
        "model": device.model,
        "os_version": device.os_version,
        "app_version": device.app_version,
        "sdk_version": device.sdk_version,
    }
