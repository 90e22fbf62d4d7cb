"""What a command fails with: what happened, why, what to do, and the exit code that says which kind it is."""

FAILED = 1
REFUSED = 2
NOT_FOUND = 3
UNREACHABLE = 5
INTERRUPTED = 130


class CommandError(Exception):
    """The command cannot do what it was asked for. The root prints it and exits with its code."""

    exit_code = FAILED


class InputError(CommandError):
    """What was given cannot be used."""

    exit_code = REFUSED


class NotFoundError(CommandError):
    """There is nothing of that name."""

    exit_code = NOT_FOUND


class UnreachableError(CommandError):
    """The broker or the worker does not answer."""

    exit_code = UNREACHABLE
