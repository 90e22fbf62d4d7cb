"""A loopback push service for tests: as strict as the real ones, keeps what it got, fails as it is told.

One folder a service. Around them: what arrived (`received`), what is scripted (`script`), page and server.
"""
