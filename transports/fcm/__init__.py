"""Firebase Cloud Messaging, HTTP v1: what is sent, what comes back, and with whose credentials."""
