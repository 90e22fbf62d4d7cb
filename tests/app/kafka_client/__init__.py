"""The hot path to Kafka, judged by aiokafka's own classes, by a cluster in memory and by a real broker."""
