package peer;

import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.state.Stores;

/**
 * Reads the whole topic twice in one process, under two names: first to warm the machine up, then measured. Arguments:
 * bootstrap servers, name, topic, topic of orders, rules file, folder, guarantee, number of events.
 */
public final class Main {
  private static final long CACHE_BYTES = 64L << 20;
  private static final long CLOSE_LIMIT_S = 30;

  private Main() {}

  public static void main(String[] given) throws Exception {
    long events = Long.parseLong(given[7]);
    run(given, given[1] + "-warm", events);
    System.out.println(run(given, given[1], events).asJson());
    System.out.flush();
    System.exit(0);
  }

  private static Count run(String[] given, String name, long events) throws IOException, InterruptedException {
    Count count = new Count(events);
    List<Rule> rules = Rule.read(new File(given[4]));
    KafkaStreams streams = new KafkaStreams(topology(given[2], given[3], rules, count), settings(given, name));
    streams.setUncaughtExceptionHandler(
        error -> {
          error.printStackTrace();
          Runtime.getRuntime().halt(1);
          return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    streams.start();
    count.await();
    streams.close(Duration.ofSeconds(CLOSE_LIMIT_S));
    return count;
  }

  private static Properties settings(String[] given, String name) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, name);
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, given[0]);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, given[5]);
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, given[6]);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, CACHE_BYTES);
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    settings.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 256 << 10);
    return settings;
  }

  private static Topology topology(String events, String orders, List<Rule> rules, Count count) {
    Serde<String> texts = Serdes.String();
    Serde<byte[]> bytes = Serdes.ByteArray();
    ProcessorSupplier<String, byte[], String, byte[]> decide = () -> new Events(new Work(rules), count);
    return new Topology()
        .addSource("events", texts.deserializer(), bytes.deserializer(), events)
        .addProcessor("decide", decide, "events")
        .addStateStore(
            Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(Events.USERS), texts, bytes)
                .withCachingEnabled()
                .withLoggingEnabled(Map.of()),
            "decide")
        .addStateStore(
            Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(Events.DUE), Serdes.Bytes(), bytes)
                .withCachingEnabled()
                .withLoggingEnabled(Map.of()),
            "decide")
        .addSink("orders", orders, texts.serializer(), bytes.serializer(), "decide");
  }
}
