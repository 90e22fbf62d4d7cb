"""The hot path to Kafka: fetch and produce, over aiokafka's connections and record batches."""
