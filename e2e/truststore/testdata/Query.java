import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.util.Properties;

/** Connects to each JDBC URL and prints the answer to its query, or why not. */
public class Query {
    public static void main(String[] args) throws Exception {
        Properties p = new Properties();
        p.setProperty("user", System.getenv("DB_USER"));
        p.setProperty("password", System.getenv("DB_PASSWORD"));
        for (int i = 0; i + 1 < args.length; i += 2) {
            try (Connection c = DriverManager.getConnection(args[i], p); ResultSet r = c.createStatement().executeQuery(args[i + 1])) {
                r.next();
                System.out.println("ok\t" + r.getString(r.getMetaData().getColumnCount()));
            } catch (Exception e) {
                Throwable t = e;
                while (t.getCause() != null) {
                    t = t.getCause();
                }
                System.out.println("refused\t" + t);
            }
        }
    }
}
