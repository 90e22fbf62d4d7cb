"""The operator commands, one sub-application a file."""
