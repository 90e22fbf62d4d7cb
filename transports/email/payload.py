"""An alert as a mail: headers, text, and the same as HTML. Pure.

Headers refuse line breaks (`email` raises ValueError); HTML escapes whatever is put into it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr

from jinja2 import Environment

from app.domain.model.alert import Alert
from app.domain.rules.addresses import address_in, domain_of, is_address
from app.domain.rules.alerts import Words, words

_HTML = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
    """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ words.subject }}</title></head>
<body style="font: 16px/1.5 system-ui, sans-serif; color: #1c1b1a; max-width: 40em; margin: 1.5em">
<h1 style="font-size: 1.25em; margin: 0 0 .8em">{{ words.subject }}</h1>
<p>{{ words.happened }}</p>
<table style="border-collapse: collapse">
{% for label, value in words.figures %}
<tr><th scope="row" style="text-align: left; font-weight: normal; padding: .2em 1.5em .2em 0; color: #55524d">
{{ label }}</th>
<td style="padding: .2em 0">{{ value }}</td></tr>
{% endfor %}
</table>
<p>{{ words.advice }}</p>
{% for command in words.commands %}
<pre style="background: #f3f1ec; padding: .5em .8em; margin: .4em 0; white-space: pre-wrap">{{ command }}</pre>
{% endfor %}
<p style="color: #55524d; font-size: .85em">Campaign {{ alert.campaign }}. You get this because the campaign names you
as its owner.</p>
</body></html>
"""
)


def message(alert: Alert, owner: str, sender: str) -> EmailMessage:
    """The mail. Raises ValueError where an address is none or a header holds a line break."""
    told = words(alert)
    address = address_in(sender)
    if address is None or not is_address(owner):
        raise ValueError("the sender, or the recipient, is no e-mail address")
    mail = EmailMessage(policy=SMTP if (owner + address).isascii() else SMTPUTF8)
    mail["From"] = Address(parseaddr(sender)[0], addr_spec=address)
    mail["To"] = owner
    mail["Subject"] = told.subject
    mail["Date"] = format_datetime(datetime.fromtimestamp(alert.at_ms // 1000, UTC))
    mail["Message-ID"] = f"<{alert.id}@{domain_of(address)}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text(alert, told), cte="quoted-printable")
    mail.add_alternative(_HTML.render(words=told, alert=alert), subtype="html", cte="quoted-printable")
    return mail


def text(alert: Alert, told: Words) -> str:
    """The mail without markup."""
    width = max((len(label) for label, _ in told.figures), default=0)
    lines = [told.happened, ""]
    lines += [f"  {label:<{width}}  {value}" for label, value in told.figures]
    lines += ["", told.advice, "", *(f"  {command}" for command in told.commands), ""]
    lines += [f"Campaign {alert.campaign}. You get this because the campaign names you as its owner."]
    return "\n".join(lines) + "\n"
