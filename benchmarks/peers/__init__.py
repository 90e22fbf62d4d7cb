"""The same work on other engines: what it is, how they are fetched, how they are measured beside ours."""
