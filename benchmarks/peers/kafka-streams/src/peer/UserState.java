package peer;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is known of one user, and its bytes: written by hand, field by field, because that is fastest. */
final class UserState {
  enum Kind { WAITING, HELD, SENT }

  record Device(
      String id, String type, String token, String push, String model, String os, String app, long seenMs) {}

  record Push(long clearedMs, String messageId) {}

  record Trigger(String id, String name, long timeMs, String product, String category, double price) {}

  /** Something that waits, or a message on its way (then with its text). */
  record Entry(
      Kind kind, String rule, long dueMs, Trigger trigger, String messageId, String title, String body, String link) {}

  final Map<String, String> traits = new HashMap<>();
  final Map<String, Device> devices = new LinkedHashMap<>();
  String zone = "UTC";
  String locale = "";
  final List<Long> ids = new ArrayList<>();
  final List<Long> offsets = new ArrayList<>();
  final List<Push> pushes = new ArrayList<>();
  final Map<String, List<Long>> answers = new HashMap<>();
  final List<Entry> agenda = new ArrayList<>();

  byte[] bytes() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(1024);
    try {
      write(new DataOutputStream(bytes));
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
    return bytes.toByteArray();
  }

  private void write(DataOutputStream out) throws IOException {
    out.writeByte(traits.size());
    for (Map.Entry<String, String> trait : traits.entrySet()) {
      out.writeUTF(trait.getKey());
      out.writeUTF(trait.getValue());
    }
    out.writeByte(devices.size());
    for (Device device : devices.values()) {
      texts(out, device.id, device.type, device.token, device.push, device.model, device.os, device.app);
      out.writeLong(device.seenMs);
    }
    texts(out, zone, locale);
    longs(out, ids);
    longs(out, offsets);
    out.writeByte(pushes.size());
    for (Push push : pushes) {
      out.writeLong(push.clearedMs);
      out.writeUTF(push.messageId);
    }
    out.writeByte(answers.size());
    for (Map.Entry<String, List<Long>> known : answers.entrySet()) {
      out.writeUTF(known.getKey());
      longs(out, known.getValue());
    }
    out.writeShort(agenda.size());
    for (Entry entry : agenda) {
      write(out, entry);
    }
  }

  private static void write(DataOutputStream out, Entry entry) throws IOException {
    Trigger trigger = entry.trigger;
    out.writeByte(entry.kind.ordinal());
    out.writeLong(entry.dueMs);
    out.writeLong(trigger.timeMs);
    out.writeDouble(trigger.price);
    texts(out, entry.rule, trigger.id, trigger.name, trigger.product, trigger.category);
    if (entry.kind == Kind.SENT) {
      texts(out, entry.messageId, entry.title, entry.body, entry.link);
    }
  }

  private static void texts(DataOutputStream out, String... texts) throws IOException {
    for (String text : texts) {
      out.writeUTF(text);
    }
  }

  private static void longs(DataOutputStream out, List<Long> numbers) throws IOException {
    out.writeByte(numbers.size());
    for (long number : numbers) {
      out.writeLong(number);
    }
  }

  static UserState of(byte[] bytes) {
    UserState state = new UserState();
    if (bytes != null) {
      try {
        state.read(new DataInputStream(new ByteArrayInputStream(bytes)));
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    }
    return state;
  }

  private void read(DataInputStream in) throws IOException {
    for (int left = in.readByte(); left > 0; left--) {
      traits.put(in.readUTF(), in.readUTF());
    }
    for (int left = in.readByte(); left > 0; left--) {
      Device device =
          new Device(in.readUTF(), in.readUTF(), in.readUTF(), in.readUTF(), in.readUTF(), in.readUTF(),
              in.readUTF(), in.readLong());
      devices.put(device.id, device);
    }
    zone = in.readUTF();
    locale = in.readUTF();
    longs(in, ids);
    longs(in, offsets);
    for (int left = in.readByte(); left > 0; left--) {
      pushes.add(new Push(in.readLong(), in.readUTF()));
    }
    for (int left = in.readByte(); left > 0; left--) {
      List<Long> known = new ArrayList<>();
      answers.put(in.readUTF(), known);
      longs(in, known);
    }
    for (int left = in.readShort(); left > 0; left--) {
      agenda.add(entry(in));
    }
  }

  private static Entry entry(DataInputStream in) throws IOException {
    Kind kind = Kind.values()[in.readByte()];
    long dueMs = in.readLong();
    long timeMs = in.readLong();
    double price = in.readDouble();
    String rule = in.readUTF();
    Trigger trigger = new Trigger(in.readUTF(), in.readUTF(), timeMs, in.readUTF(), in.readUTF(), price);
    return kind == Kind.SENT
        ? new Entry(kind, rule, dueMs, trigger, in.readUTF(), in.readUTF(), in.readUTF(), in.readUTF())
        : new Entry(kind, rule, dueMs, trigger, null, null, null, null);
  }

  private static void longs(DataInputStream in, List<Long> numbers) throws IOException {
    for (int left = in.readByte(); left > 0; left--) {
      numbers.add(in.readLong());
    }
  }
}
