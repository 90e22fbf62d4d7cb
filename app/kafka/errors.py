"""What can go wrong with the embedded broker, said as what happened, why, and what to do."""


class BrokerError(Exception):
    """The embedded broker cannot be started or stopped."""

    def __init__(self, happened: str, why: str, remedy: str) -> None:
        super().__init__(f"{happened}: {why.rstrip('.')}. {remedy}.")
        self.happened = happened
        self.why = why
        self.remedy = remedy


class JarsError(BrokerError):
    """The broker's jars are missing and cannot be fetched."""
