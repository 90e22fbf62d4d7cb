package peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** One campaign as benchmarks/peers/rules.py writes it. Templates: text and place in turn, text first. */
record Rule(
    String id,
    String event,
    String category,
    double leastPrice,
    Map<String, Set<String>> who,
    String unless,
    long withinMs,
    String repeat,
    Quiet quiet,
    boolean ignoresCaps,
    List<String> title,
    List<String> body,
    List<String> link) {

  /** From and to: minutes of the user's day. */
  record Quiet(int from, int to, boolean drops) {}

  static List<Rule> read(File file) throws IOException {
    List<Rule> rules = new ArrayList<>();
    for (JsonNode each : new ObjectMapper().readTree(file)) {
      rules.add(of(each));
    }
    return rules;
  }

  private static Rule of(JsonNode said) {
    Map<String, Set<String>> who = new TreeMap<>();
    said.get("who").properties().forEach(each -> who.put(each.getKey(), new TreeSet<>(texts(each.getValue()))));
    return new Rule(
        said.get("id").asText(),
        said.get("event").asText(),
        said.get("category").asText(),
        said.get("least_price").asDouble(),
        who,
        said.get("unless").isNull() ? null : said.get("unless").asText(),
        said.get("within_ms").asLong(),
        said.get("repeat").asText(),
        quiet(said.get("quiet")),
        said.get("ignores_caps").asBoolean(),
        texts(said.get("title")),
        texts(said.get("body")),
        texts(said.get("link")));
  }

  private static Quiet quiet(JsonNode said) {
    return said.isNull()
        ? null
        : new Quiet(said.get("from").asInt(), said.get("to").asInt(), said.get("then").asText().equals("drop"));
  }

  private static List<String> texts(JsonNode said) {
    List<String> found = new ArrayList<>();
    said.forEach(each -> found.add(each.asText()));
    return found;
  }
}
