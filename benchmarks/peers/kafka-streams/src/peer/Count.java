package peer;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.CountDownLatch;

/** What has been done, from the first event on; one stream thread writes it. */
final class Count {
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private final long events;
  private final CountDownLatch done = new CountDownLatch(1);
  private long seen = 0;
  private long startedNs;
  private long usedNs;
  private double seconds;
  private double cpuSeconds;
  long orders = 0;
  long states = 0;
  long stateBytes = 0;

  Count(long events) {
    this.events = events;
  }

  void one() {
    seen++;
    if (seen == 1) {
      startedNs = System.nanoTime();
      usedNs = SYSTEM.getProcessCpuTime();
    } else if (seen == events) {
      seconds = (System.nanoTime() - startedNs) / 1e9;
      cpuSeconds = (SYSTEM.getProcessCpuTime() - usedNs) / 1e9;
      done.countDown();
    }
  }

  void await() throws InterruptedException {
    done.await();
  }

  String asJson() {
    return String.format(
        java.util.Locale.ROOT,
        "{\"records\":%d,\"seconds\":%.6f,\"cpu_seconds\":%.6f,\"orders\":%d,\"state_bytes\":%.1f}",
        events - 1, seconds, cpuSeconds, orders, (double) stateBytes / states);
  }
}
