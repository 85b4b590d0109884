import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.ResultSet;
import java.util.Base64;
import java.util.Properties;

/**
 * Runs JDBC connections, one a line of standard input: the class of the driver
 * and, in base64, the URL. Answers a line for each: its number, ok or no, tls or
 * plain, the error.
 */
public class Run {
    public static void main(String[] args) throws Exception {
        if (args.length > 0) { // "versions", of these classes
            for (int n = 1; n < args.length; n++) {
                Driver d = (Driver) Class.forName(args[n]).getDeclaredConstructor().newInstance();
                System.out.println(args[n] + "\t" + d.getMajorVersion() + "." + d.getMinorVersion());
            }
            return;
        }
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        int at = 0;
        for (String line; (line = in.readLine()) != null; at++) {
            String[] f = line.split("\t");
            String url = new String(Base64.getDecoder().decode(f[1]), StandardCharsets.UTF_8);
            try {
                System.out.println(at + "\tok\t" + session(f[0], url) + "\t");
            } catch (Throwable e) {
                System.out.println(at + "\tno\t\t" + why(e).replaceAll("\\s+", " "));
            }
        }
    }

    static String session(String driver, String url) throws Exception {
        boolean postgres = driver.startsWith("org.postgresql");
        Properties none = new Properties();
        String query = postgres ? "select ssl from pg_stat_ssl where pid = pg_backend_pid()" : "show session status like 'Ssl_cipher'";
        Driver d = (Driver) Class.forName(driver).getDeclaredConstructor().newInstance();
        try (Connection c = d.connect(url, none)) {
            if (c == null) {
                throw new IllegalArgumentException("the driver takes no such URL");
            }
            try (ResultSet r = c.createStatement().executeQuery(query)) {
                r.next();
                if (postgres) {
                    return r.getBoolean(1) ? "tls" : "plain";
                }
                return r.getString(2) == null || r.getString(2).isEmpty() ? "plain" : "tls";
            }
        }
    }

    static String why(Throwable e) {
        String s = String.valueOf(e.getMessage());
        return e.getCause() == null || e.getCause() == e ? s : s + ": " + why(e.getCause());
    }
}
