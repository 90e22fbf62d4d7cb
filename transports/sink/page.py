"""The sink's page: what arrived, as a phone would show it. Plain HTML that asks for itself again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from http import HTTPStatus
from typing import Any

import msgspec

from transports.sink.received import NO_ANSWER, Entry

REFRESH_S = 2
SHOWN = 50
_STYLE = """
body{font:15px/1.4 system-ui,sans-serif;background:#e8eaed;color:#202124;margin:0;padding:1.5rem}
main{max-width:26rem;margin:auto}
article{background:#fff;border-radius:14px;padding:.8rem 1rem;margin:.6rem 0;overflow-wrap:anywhere}
article.refused{background:#fce8e6}
h1{font-size:1.1rem} h2{font-size:1rem;margin:0} p{margin:.2rem 0} small{color:#5f6368}
@media(prefers-color-scheme:dark){body{background:#202124;color:#e8eaed}
article{background:#303134} article.refused{background:#5c2b29} small{color:#bdc1c6}}
"""


def render(entries: Iterable[Entry], total: int) -> str:
    """Write the page for `entries`, newest first, of `total`. Everything that arrived is escaped."""
    cards = "\n".join(_card(entry) for entry in entries) or "<p>Nothing has arrived yet.</p>"
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="{REFRESH_S}">
<meta name="viewport" content="width=device-width"><title>Carillon sink</title><style>{_STYLE}</style></head>
<body><main><h1>What arrived: {total}</h1>
{cards}
</main></body></html>
"""


def _card(entry: Entry) -> str:
    """One push."""
    shown = shown_by(entry.body)
    good = HTTPStatus.OK <= entry.status < HTTPStatus.MULTIPLE_CHOICES
    lines = [
        f"<h2>{escape(shown.get('title') or '(no title)')}</h2>",
        f"<p>{escape(shown.get('body', ''))}</p>",
    ]
    if "image" in shown:
        lines.append(f"<p><small>image: {escape(shown['image'])}</small></p>")
    told = "no answer" if entry.status == NO_ANSWER else str(entry.status)
    at = datetime.fromtimestamp(entry.at / 1000, UTC).strftime("%H:%M:%S")
    foot = f"{at} UTC · {entry.service} · {told} · to {entry.token} · message {entry.message or '(none)'}"
    lines.append(f"<p><small>{entry.n}. {escape(foot)}</small></p>")
    return f'<article class="{"taken" if good else "refused"}">{"".join(lines)}</article>'


def shown_by(body: bytes) -> dict[str, str]:
    """What a device would show of an FCM request: title, body, image, where they are there and text."""
    try:
        request = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    message = _member(request, "message")
    fields = {**_member(message, "notification"), **_member(_member(message, "android"), "notification")}
    return {name: fields[name] for name in ("title", "body", "image") if isinstance(fields.get(name), str)}


def _member(value: Any, name: str) -> dict[str, Any]:
    member = value.get(name) if isinstance(value, dict) else None
    return member if isinstance(member, dict) else {}
