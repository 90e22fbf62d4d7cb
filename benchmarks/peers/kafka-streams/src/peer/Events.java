package peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import peer.Work.Order;

/** One partition: an event fires what is due before it, then is decided; orders go down to the sink. */
final class Events implements Processor<String, byte[], String, byte[]>, Work.Timers {
  static final String USERS = "users";
  static final String DUE = "due";
  private static final byte[] NOTHING = new byte[0];

  private final Work work;
  private final Count count;
  private final ObjectMapper json = new ObjectMapper();
  private ProcessorContext<String, byte[]> context;
  private KeyValueStore<String, byte[]> users;
  private KeyValueStore<Bytes, byte[]> due;
  private long nextDueMs = 0; // no timer is due before
  private long firedMs = 0; // every timer up to here has fired: where a scan begins

  Events(Work work, Count count) {
    this.work = work;
    this.count = count;
  }

  @Override
  public void init(ProcessorContext<String, byte[]> given) {
    context = given;
    users = given.getStateStore(USERS);
    due = given.getStateStore(DUE);
  }

  @Override
  public void process(Record<String, byte[]> record) {
    try {
      JsonNode event = json.readTree(record.value());
      long nowMs = Instant.parse(event.get("timestamp").textValue()).toEpochMilli();
      fire(nowMs);
      UserState state = UserState.of(users.get(record.key()));
      long offset = context.recordMetadata().orElseThrow().offset();
      List<Order> orders = work.decide(record.key(), state, event, offset, nowMs, this);
      save(record.key(), state, orders, nowMs);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
    count.one();
  }

  /** Everything that is due before this moment. */
  private void fire(long nowMs) throws IOException {
    while (nextDueMs < nowMs) {
      Bytes first = first();
      nextDueMs = first == null ? Long.MAX_VALUE : dueOf(first);
      if (nextDueMs < nowMs) {
        due.delete(first);
        fire(userOf(first), nextDueMs);
      }
    }
  }

  private void fire(String user, long dueMs) throws IOException {
    firedMs = dueMs;
    UserState state = UserState.of(users.get(user));
    int waited = state.agenda.size();
    List<Order> orders = work.fire(user, state, dueMs, this);
    if (!orders.isEmpty() || state.agenda.size() != waited) {
      save(user, state, orders, dueMs);
    }
  }

  private Bytes first() {
    try (KeyValueIterator<Bytes, byte[]> waiting = due.range(place(firedMs, "", ""), null)) {
      return waiting.hasNext() ? waiting.next().key : null;
    }
  }

  private void save(String user, UserState state, List<Order> orders, long nowMs) throws IOException {
    byte[] bytes = state.bytes();
    users.put(user, bytes);
    count.stateBytes += bytes.length;
    count.states++;
    count.orders += orders.size();
    for (Order order : orders) {
      context.forward(new Record<>(user, written(order), nowMs));
    }
  }

  private byte[] written(Order order) throws IOException {
    ObjectNode said = json.createObjectNode();
    said.put("message_id", order.messageId()).put("campaign", order.rule().id()).put("user", order.user());
    said.put("trigger", order.trigger().id()).put("title", order.title()).put("body", order.body());
    said.put("link", order.link()).putObject("data").put("product", order.trigger().product());
    ArrayNode targets = said.putArray("targets");
    order.targets().forEach(each -> targets.addArray().add(each.id()).add(each.token()).add(each.type()));
    return json.writeValueAsBytes(said);
  }

  @Override
  public void arm(long dueMs, String user, String rule) {
    due.put(place(dueMs, user, rule), NOTHING);
    nextDueMs = Math.min(nextDueMs, dueMs);
    firedMs = Math.min(firedMs, dueMs);
  }

  @Override
  public void cancel(long dueMs, String user, String rule) {
    due.delete(place(dueMs, user, rule));
  }

  private static Bytes place(long dueMs, String user, String rule) {
    byte[] name = (user + "\0" + rule).getBytes(StandardCharsets.UTF_8);
    return Bytes.wrap(ByteBuffer.allocate(Long.BYTES + name.length).putLong(dueMs).put(name).array());
  }

  private static long dueOf(Bytes place) {
    return ByteBuffer.wrap(place.get()).getLong();
  }

  private static String userOf(Bytes place) {
    byte[] bytes = place.get();
    String name = new String(bytes, Long.BYTES, bytes.length - Long.BYTES, StandardCharsets.UTF_8);
    return name.substring(0, name.indexOf('\0'));
  }
}
