"""FCM as the sink plays it: its token endpoint, the schema of its messages, its errors."""
