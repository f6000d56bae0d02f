import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;

/** mongo-java-server in memory on the loopback interface: `Main PORT`. */
public final class Main {
  /** It reports MongoDB 4.0 at most, with which the driver no longer talks; what the store sends it understands all the same. */
  private record Version(List<Integer> getVersionArray, int getWireVersion) implements MongoVersion {}

  public static void main(String[] arguments) {
    var backend = new MemoryBackend();
    backend.version(new Version(List.of(7, 0, 0), 21));
    new MongoServer(backend).bind("127.0.0.1", Integer.parseInt(arguments[0]));
  }
}
