"""Pages, API and probes of a worker, on its web port. Views only read; what a page wants done is a record on Kafka."""
