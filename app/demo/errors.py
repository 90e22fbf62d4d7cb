"""What can go wrong with the demo, said as what happened, why, and what to do."""

FAILED = 1
UNREACHABLE = 5


class DemoError(Exception):
    """The demo cannot go on. `exit_code` is what the command ends with."""

    def __init__(self, happened: str, why: str, remedy: str, exit_code: int = FAILED) -> None:
        super().__init__(f"{happened}: {why.rstrip('.')}. {remedy}.")
        self.exit_code = exit_code
