import java.sql.*;

/** Connects to a database by a JDBC URL, with the password of the environment, and says so. */
class Connect {
    public static void main(String[] args) {
        var with = new java.util.Properties();
        with.setProperty("password", System.getenv("DATABASE_PASSWORD"));
        try (var c = DriverManager.getConnection(args[0], with); var r = c.createStatement().executeQuery("SELECT 1")) {
            System.out.println("in " + r.next());
        } catch (SQLException e) {
            for (Throwable t = e; t != null; t = t.getCause()) System.err.println(t.getMessage());
            System.exit(1);
        }
    }
}
