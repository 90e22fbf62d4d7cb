"""The supported keys of a campaign file: what each is, and an example of it that a test reads."""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    """One key. `default` empty: it must be there; a dash: nothing stands in for it."""

    path: str
    kind: str
    default: str
    meaning: str
    example: str


NONE = "-"
WHOLE = """
campaign: cart-reminder
name: Cart reminder
owner: crm@example.com
who:
  all:
    - {user: country, is: US}
    - {user: age, between: [25, 40]}
    - {did: purchase, where: {total: {gte: 50}}, times: {at_least: 2}, within: 30d}
    - {near: {km: 25, of: [[48.85, 2.35], [45.76, 4.84]]}}
    - {device: {os: android, app_version: {gte: "3.2.0"}}}
when:
  event: add_to_cart
  where: {price: {gte: 10}}
  unless: {event: purchase, within: 10m, match: cart_id, where: {total: {gte: 1}}}
  repeat: restart
  delay: 0s
  zone: Europe/Paris
  starts: 2026-11-23T00:00
  ends: 2027-01-31T00:00
  quiet: {from: "21:00", to: "09:00", then: hold}
  cut_off: 2h
limits: {total: 1000, daily: 200, per_user: 1, ignore_caps: false, caps_count: true, control: 5%}
what:
  title: "Still thinking, {{ user.first_name | default: 'friend' }}?"
  body: "{{ event.name }} is waiting in your cart."
  link: "https://shop.example/cart/{{ event.cart_id }}"
  image: https://shop.example/kettle.png
  data: {cart: "{{ event.cart_id }}"}
  collapse: cart
  ttl: 4h
  missing: default
  silent: false
  android: {channel: cart, priority: high, sound: ding}
inbox:
  copy: false
  fallback: true
  ttl: 7d
  tags: [offers]
  title: "Your cart is waiting"
  body: "It is kept for a week."
  link: "https://shop.example/cart"
  image: https://shop.example/cart.png
  colors: {title: "#222222", message: "#444444", background: "#ffffff"}
surge: {pause: true, times: 5, at_least: 100, expected: 200}
"""
DATED = """
when:
  date:
    event: trip_booked
    property: departs_at
    offset: -1d
    match: trip_id
    where: {kind: flight}
    unless: {event: trip_cancelled, where: {by: user}}
    at: "09:00"
  cut_off: "20:00"
"""
TEMPLATE = "template"
KEYS = (
    Key("campaign", "up to 64 of a-z, 0-9 and -", "", "the id, for good", "cart-reminder"),
    Key("name", "text", "the id", "for people", "Cart reminder"),
    Key("owner", "e-mail address", NONE, "gets one mail where the campaign pauses or ends itself", "crm@example.com"),
    Key("who", "a condition, or a list that must all hold", "everyone",
        "who qualifies, and with which devices: asked when the campaign triggers, when a timer ends, when a hold ends",
        "[{user: country, is: US}]"),
    Key("when", "map", "", "the trigger and its times", "{event: add_to_cart}"),
    Key("limits", "map", NONE, "limits, caps, and who is compared with", "{total: 1000}"),
    Key("what", "map", "", "the message", "{title: Hello, body: You}"),
    Key("inbox", "map", "no inbox", "the App Inbox", "{fallback: true, ttl: 7d}"),
    Key("surge", "map", "as below", "when it pauses itself, because far more qualify than usual", "{times: 5}"),
    Key("when.event", "text", "", "the event that triggers; instead of `when.date`", "add_to_cart"),
    Key("when.where", "map of conditions", "any", "on the properties of that event", "{price: {gte: 10}}"),
    Key("when.unless", "map", NONE, "inaction: qualifies where this event does not come in time",
        "{event: purchase, within: 10m}"),
    Key("when.repeat", "`restart`, `keep_first`, `each`", "restart",
        "what a second trigger does to a running timer; only with `unless`", "keep_first"),
    Key("when.delay", "duration", "0s", "wait after qualifying; `unless` still cancels meanwhile", "30m"),
    Key("when.zone", "IANA time zone", "the app's", "for users without a zone of their own", "Europe/Paris"),
    Key("when.starts", "date, with a time or without", NONE, "not before; without a zone in the app's",
        "2026-11-23T09:00"),
    Key("when.ends", "date, with a time or without", NONE, "not from then on; without a zone in the app's",
        "2027-01-31"),
    Key("when.quiet", "map", NONE, "hours without push, on the user's clock", '{from: "22:00", to: "08:00"}'),
    Key("when.cut_off", "date, duration above zero, or time of day", NONE,
        "nothing is sent from then on: an instant, so long after it was due, or the next such time on the user's clock",
        '"20:00"'),
    Key("when.date", "map", NONE,
        "qualifies at an offset from a date that an event tells; the newest such event counts",
        "{event: trip_booked, property: departs_at, offset: -1d}"),
    Key("when.date.event", "text", "", "the event that tells the date", "trip_booked"),
    Key("when.date.property", "text", "", "the property that holds the date; an event without one changes nothing",
        "departs_at"),
    Key("when.date.offset", "duration, with `-` for before", "0s",
        "from the date; whole days are days of the calendar where the date has no time", "-1d"),
    Key("when.date.match", "text", NONE, "a property that tells two bookings of a user apart", "trip_id"),
    Key("when.date.where", "map of conditions", "any", "on the properties of that event", "{kind: flight}"),
    Key("when.date.unless", "map", NONE, "the event that cancels, at any time before the push",
        "{event: trip_cancelled}"),
    Key("when.date.unless.event", "text", "", "the event that cancels", "trip_cancelled"),
    Key("when.date.unless.where", "map of conditions", "any", "on the properties of the cancelling event",
        "{by: user}"),
    Key("when.date.unless.match", "text", "`when.date.match`", "the same property", "trip_id"),
    Key("when.date.at", "time of day, in quotes", NONE,
        "on the user's clock, for a date without a time; without `at` such a date counts for nothing", '"09:00"'),
    Key("when.unless.event", "text", "", "the event that cancels", "purchase"),
    Key("when.unless.within", "duration above zero", "", "how long to wait, from the trigger's own time", "10m"),
    Key("when.unless.match", "text", NONE, "a property that tells two timers apart; an answer without it "
        "cancels all", "cart_id"),
    Key("when.unless.where", "map of conditions", "any", "on the properties of the cancelling event",
        "{total: {gte: 1}}"),
    Key("when.quiet.from", "time of day, in quotes", "", "the first quiet minute", '"21:00"'),
    Key("when.quiet.to", "time of day, in quotes", "", "the first minute that is not quiet; may be the next day",
        '"09:00"'),
    Key("when.quiet.then", "`hold`, `drop`", "hold", "wait for the end, or do not send", "drop"),
    Key("limits.total", "1 or more", "no limit",
        "how many users it reaches in all, then it ends; whoever comes while all are on their way waits. Counted from "
        "the version on that first has a total or a daily limit", "1000"),
    Key("limits.daily", "1 or more", "no limit",
        "how many in a calendar day of its zone; what is over is dropped", "200"),
    Key("limits.per_user", "1 or more", "1 with a total, else no limit", "how often it reaches one user", "2"),
    Key("limits.ignore_caps", "true or false", "false", "send whatever the app's caps say", "true"),
    Key("limits.control", "a share below 100%", "0%",
        "so many of the users get nothing, always the same ones, to be compared with", "2.5%"),
    Key("limits.caps_count", "true or false", "true", "whether its pushes count against the caps", "false"),
    Key("what.title", TEMPLATE, "", "must be there unless `silent`", "Hello"),
    Key("what.body", TEMPLATE, "", "must be there unless `silent`", '"{{ event.name }} is waiting"'),
    Key("what.link", TEMPLATE, NONE, "http, https, or the app's own scheme", '"shop://cart/{{ event.cart_id }}"'),
    Key("what.image", TEMPLATE, NONE, "http or https", "https://shop.example/kettle.png"),
    Key("what.data", "map of templates", "{}", "goes with the push as it is; names that are the push service's or "
        "begin with `carillon_` are refused", '{cart: "{{ event.cart_id }}"}'),
    Key("what.collapse", TEMPLATE, "the message id", "a later push with the same one replaces this one", "cart"),
    Key("what.ttl", "duration, at most 28d", NONE, "how long the push service may keep it; no call is repeated after",
        "4h"),
    Key("what.missing", "`default`, `drop`", "default", "an undefined variable is empty, or nothing is sent", "drop"),
    Key("what.silent", "true or false", "false", "data for the app, nothing that is shown", "true"),
    Key("what.android", "map", NONE, "what only Android has", "{channel: cart}"),
    Key("what.android.channel", "text", NONE, "the notification channel", "cart"),
    Key("what.android.priority", "`max`, `high`, `default`", "default", "of the notification", "high"),
    Key("what.android.sound", "text", NONE, "the sound's name", "ding"),
    Key("surge.pause", "true or false", "true", "`false`: it never pauses itself", "true"),
    Key("surge.times", "a number from 1 to 10,000", "5", "so many times the usual number in an hour are too many", "3"),
    Key("surge.at_least", "1 or more", "100", "fewer than so many in an hour never are", "50"),
    Key("surge.expected", "1 or more", "the mean of that hour in the last 7 days",
        "the usual number in an hour; without it, nothing is too many in a campaign's first day", "200"),
    Key("inbox.fallback", "true or false", "`push.amplify`",
        "a user whom push cannot reach, or whose push failed, gets it in the inbox", "true"),
    Key("inbox.copy", "true or false", "false",
        "an item beside the push; both wait for the next launch of the app, at most `inbox.ttl`", "true"),
    Key("inbox.ttl", "duration above zero", "",
        "how long it stays there; must be there with `fallback` or `copy`", "7d"),
    Key("inbox.tags", "list of text", "[]", "for the app", "[offers]"),
    Key("inbox.title", TEMPLATE, "the push's", "its title there", "Your cart is waiting"),
    Key("inbox.body", TEMPLATE, "the push's", "its text there", "It is kept for a week."),
    Key("inbox.link", TEMPLATE, "the push's", "its link there", "https://shop.example/cart"),
    Key("inbox.image", TEMPLATE, "the push's", "its image there", "https://shop.example/cart.png"),
    Key("inbox.colors", "map", "{}", "for the app", '{title: "#222222"}'),
    Key("inbox.colors.title", "color", NONE, "six hexadecimal digits, in quotes", '"#222222"'),
    Key("inbox.colors.message", "color", NONE, "the same", '"#444444"'),
    Key("inbox.colors.background", "color", NONE, "the same", '"#ffffff"'),
)  # fmt: skip
