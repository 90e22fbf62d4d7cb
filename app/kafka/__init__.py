"""The embedded broker: real Apache Kafka on the loopback interface."""
