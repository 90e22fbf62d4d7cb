package peer;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import peer.UserState.Device;
import peer.UserState.Entry;
import peer.UserState.Kind;
import peer.UserState.Push;
import peer.UserState.Trigger;

/** What an event asks for; work.py is the same in Python. The user's state is changed in place. */
final class Work {
  static final int REMEMBERED_IDS = 32;
  static final int REMEMBERED_OFFSETS = 8;
  static final int REMEMBERED_ANSWERS = 64;
  static final long MAX_LATENESS_MS = 3_600_000;
  static final int PUSHES_A_DAY = 3;
  static final long DAY_MS = 25 * 3_600_000L;

  /** What is to be sent. */
  record Order(String messageId, Rule rule, String user, Trigger trigger, String title, String body, String link,
      List<Device> targets) {}

  /** Where timers are armed and cancelled. */
  interface Timers {
    void arm(long dueMs, String user, String rule);

    void cancel(long dueMs, String user, String rule);
  }

  private final Map<String, Rule> rules = new HashMap<>();
  private final Map<String, List<Rule>> byEvent = new HashMap<>();
  private final Set<String> answering = new HashSet<>();
  private final Map<String, ZoneId> zones = new HashMap<>();
  private final MessageDigest digest;

  Work(List<Rule> given) {
    for (Rule rule : given) {
      rules.put(rule.id(), rule);
      byEvent.computeIfAbsent(rule.event(), name -> new ArrayList<>()).add(rule);
      if (rule.unless() != null) {
        answering.add(rule.unless());
      }
    }
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException error) {
      throw new IllegalStateException(error);
    }
  }

  List<Order> decide(String user, UserState state, JsonNode event, long offset, long nowMs, Timers timers) {
    List<Order> orders = new ArrayList<>();
    String id = event.get("messageId").textValue();
    if (!isNew(state, id)) {
      return orders;
    }
    remember(state.offsets, offset, REMEMBERED_OFFSETS);
    learn(state, event, nowMs);
    JsonNode name = event.get("event");
    if (name == null) {
      return orders;
    }
    answer(user, state, name.textValue(), nowMs, timers);
    JsonNode said = event.get("properties");
    String category = said.get("category").textValue();
    double price = said.get("price").doubleValue();
    for (Rule rule : byEvent.getOrDefault(name.textValue(), List.of())) {
      if (rule.category().equals(category) && price >= rule.leastPrice()) {
        String product = said.get("product_id").textValue();
        Trigger trigger = new Trigger(id, name.textValue(), nowMs, product, category, price);
        if (rule.unless() != null) {
          arm(user, state, rule, trigger, timers);
        } else if (meetsWho(rule, state)) {
          deliver(user, state, rule, trigger, nowMs, orders, timers);
        }
      }
    }
    return orders;
  }

  /** Everything of this user that is due at or before `dueMs`, in order. */
  List<Order> fire(String user, UserState state, long dueMs, Timers timers) {
    List<Entry> due = new ArrayList<>();
    state.agenda.removeIf(entry -> entry.kind() != Kind.SENT && entry.dueMs() <= dueMs && due.add(entry));
    due.sort(Comparator.comparingLong(Entry::dueMs).thenComparing(Entry::rule)
        .thenComparing(entry -> entry.trigger().id()));
    List<Order> orders = new ArrayList<>();
    for (Entry entry : due) {
      Rule rule = rules.get(entry.rule());
      if (meetsWho(rule, state)) {
        deliver(user, state, rule, entry.trigger(), entry.dueMs(), orders, timers);
      }
    }
    return orders;
  }

  private static boolean isNew(UserState state, String messageId) {
    long mark = 0xcbf29ce484222325L;
    for (int place = 0; place < messageId.length(); place++) {
      mark = (mark ^ messageId.charAt(place)) * 0x100000001b3L;
    }
    if (state.ids.contains(mark)) {
      return false;
    }
    remember(state.ids, mark, REMEMBERED_IDS);
    return true;
  }

  private static void remember(List<Long> known, long number, int most) {
    if (known.size() == most) {
      known.remove(0);
    }
    known.add(number);
  }

  private static void learn(UserState state, JsonNode event, long nowMs) {
    JsonNode traits = event.get("traits");
    if (traits != null) {
      traits.properties().forEach(trait -> state.traits.put(trait.getKey(), trait.getValue().asText()));
    }
    JsonNode context = event.get("context");
    state.zone = context.get("timezone").textValue();
    state.locale = context.get("locale").textValue();
    JsonNode said = context.get("device");
    String id = said.get("id").textValue();
    String token = said.get("token").textValue();
    String push = said.get("push").textValue();
    Device known = state.devices.get(id);
    if (known == null || !known.token().equals(token) || !known.push().equals(push)) {
      String os = context.get("os").get("version").textValue();
      String app = context.get("app").get("version").textValue();
      String type = said.get("type").textValue();
      state.devices.put(id, new Device(id, type, token, push, said.get("model").textValue(), os, app, nowMs));
    }
  }

  private void answer(String user, UserState state, String name, long nowMs, Timers timers) {
    state.agenda.removeIf(
        entry -> {
          boolean gone = entry.kind() != Kind.SENT && name.equals(rules.get(entry.rule()).unless());
          if (gone) {
            timers.cancel(entry.dueMs(), user, entry.rule());
          }
          return gone;
        });
    if (answering.contains(name)) {
      List<Long> known = state.answers.computeIfAbsent(name, any -> new ArrayList<>());
      known.removeIf(atMs -> atMs <= nowMs - MAX_LATENESS_MS);
      remember(known, nowMs, REMEMBERED_ANSWERS);
    }
  }

  private static void arm(String user, UserState state, Rule rule, Trigger trigger, Timers timers) {
    long dueMs = trigger.timeMs() + rule.withinMs();
    for (long answeredMs : state.answers.getOrDefault(rule.unless(), List.of())) {
      if (trigger.timeMs() < answeredMs && answeredMs <= dueMs) {
        return;
      }
    }
    boolean restarts = rule.repeat().equals("restart");
    for (int place = state.agenda.size() - 1; place >= 0; place--) {
      Entry entry = state.agenda.get(place);
      if (entry.kind() == Kind.WAITING && entry.rule().equals(rule.id())) {
        if (rule.repeat().equals("keep_first")) {
          return;
        }
        if (restarts) {
          state.agenda.remove(place);
          timers.cancel(entry.dueMs(), user, entry.rule());
        }
      }
    }
    state.agenda.add(new Entry(Kind.WAITING, rule.id(), dueMs, trigger, null, null, null, null));
    timers.arm(dueMs, user, rule.id());
  }

  private static boolean meetsWho(Rule rule, UserState state) {
    for (Map.Entry<String, Set<String>> asked : rule.who().entrySet()) {
      String trait = state.traits.get(asked.getKey());
      if (trait == null || !asked.getValue().contains(trait)) {
        return false;
      }
    }
    return true;
  }

  private void deliver(String user, UserState state, Rule rule, Trigger trigger, long nowMs, List<Order> orders,
      Timers timers) {
    List<Device> targets = new ArrayList<>();
    for (Device device : state.devices.values()) {
      if (device.push().equals("allowed")) {
        targets.add(device);
      }
    }
    if (targets.isEmpty()) {
      return;
    }
    ZoneId zone = zones.computeIfAbsent(state.zone, ZoneId::of);
    long untilMs = rule.quiet() == null ? 0 : quietUntil(rule.quiet(), nowMs, zone);
    if (untilMs != 0) {
      if (!rule.quiet().drops()) {
        state.agenda.add(new Entry(Kind.HELD, rule.id(), untilMs, trigger, null, null, null, null));
        timers.arm(untilMs, user, rule.id());
      }
      return;
    }
    if (!rule.ignoresCaps() && isCapped(state, nowMs, zone)) {
      return;
    }
    Order order = order(user, state, rule, trigger, targets);
    state.pushes.removeIf(push -> push.clearedMs() <= nowMs - DAY_MS);
    state.pushes.add(new Push(nowMs, order.messageId()));
    state.agenda.add(new Entry(Kind.SENT, rule.id(), nowMs, trigger, order.messageId(), order.title(), order.body(),
        order.link()));
    orders.add(order);
  }

  /** When the quiet ends; 0 where it is not quiet. */
  private static long quietUntil(Rule.Quiet quiet, long nowMs, ZoneId zone) {
    ZonedDateTime local = Instant.ofEpochMilli(nowMs).atZone(zone);
    int minute = local.getHour() * 60 + local.getMinute();
    if (quiet.to() <= minute && minute < quiet.from()) {
      return 0;
    }
    LocalDate day = minute >= quiet.from() ? local.toLocalDate().plusDays(1) : local.toLocalDate();
    return day.atTime(quiet.to() / 60, quiet.to() % 60).atZone(zone).toInstant().toEpochMilli();
  }

  private static boolean isCapped(UserState state, long nowMs, ZoneId zone) {
    if (state.pushes.size() < PUSHES_A_DAY) {
      return false;
    }
    LocalDate today = Instant.ofEpochMilli(nowMs).atZone(zone).toLocalDate();
    return state.pushes.stream()
            .filter(push -> Instant.ofEpochMilli(push.clearedMs()).atZone(zone).toLocalDate().equals(today))
            .count()
        >= PUSHES_A_DAY;
  }

  private Order order(String user, UserState state, Rule rule, Trigger trigger, List<Device> targets) {
    String name = rule.id() + "\0" + user + "\0" + trigger.id() + "\0" + "0";
    byte[] hashed = digest.digest(name.getBytes(StandardCharsets.UTF_8));
    String id = Base64.getUrlEncoder().encodeToString(hashed).substring(0, 24);
    return new Order(id, rule, user, trigger, written(rule.title(), state, trigger),
        written(rule.body(), state, trigger), written(rule.link(), state, trigger), targets);
  }

  private static String written(List<String> parts, UserState state, Trigger trigger) {
    StringBuilder text = new StringBuilder();
    for (int place = 0; place < parts.size(); place++) {
      text.append(place % 2 == 0 ? parts.get(place) : said(parts.get(place), state, trigger));
    }
    return text.toString();
  }

  private static String said(String place, UserState state, Trigger trigger) {
    switch (place) {
      case "event.product_id":
        return trigger.product();
      case "event.category":
        return trigger.category();
      case "event.price":
        return Double.toString(trigger.price());
      default:
        String[] named = place.split("\\|", 2);
        String trait = state.traits.get(named[0].substring("user.".length()));
        return trait != null ? trait : named.length > 1 ? named[1] : "";
    }
  }
}
