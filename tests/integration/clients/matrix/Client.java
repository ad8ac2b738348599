import java.sql.*;
import java.util.*;
import java.util.regex.*;

/** MariaDB's connector for Java. Prints what it saw; see README. */
public class Client {
    static Connection db;

    interface Work {
        Object run() throws SQLException;
    }

    static String option(String json, String name) {
        Matcher m = Pattern.compile("\"" + name + "\": *(?:\"([^\"]*)\"|([^,}]*))").matcher(json);
        return !m.find() ? "" : m.group(1) != null ? m.group(1) : m.group(2);
    }

    static String quoted(Object o) {
        if (o == null || o instanceof Number || o instanceof Boolean) {
            return String.valueOf(o);
        }
        if (o instanceof List) {
            StringJoiner all = new StringJoiner(", ", "[", "]");
            for (Object one : (List<?>) o) {
                all.add(quoted(one));
            }
            return all.toString();
        }
        String text = o.toString().length() > 1000 ? String.valueOf(o.toString().length()) : o.toString();
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", " ") + '"';
    }

    static boolean attempt(String step, Work work) {
        try {
            System.out.println("{\"step\": " + quoted(step) + ", \"result\": " + quoted(work.run()) + "}");
            return true;
        } catch (SQLException e) {
            // -1 is the driver's own; of a connection its text says why
            boolean hasCode = e.getErrorCode() > 0 || (e.getErrorCode() < 0 && !step.equals("connect"));
            Object error = hasCode ? e.getErrorCode() : e.toString();
            System.out.println("{\"step\": " + quoted(step) + ", \"error\": " + quoted(error) + "}");
            return false;
        }
    }

    /** All results of a statement that was executed: rows as text, or the count of changed rows. */
    static List<Object> results(Statement s, boolean rows) throws SQLException {
        List<Object> all = new ArrayList<>();
        while (true) {
            if (rows) {
                List<Object> result = new ArrayList<>();
                ResultSet r = s.getResultSet();
                while (r.next()) {
                    List<Object> row = new ArrayList<>();
                    for (int i = 1; i <= r.getMetaData().getColumnCount(); i++) {
                        row.add(r.getString(i));
                    }
                    result.add(row);
                }
                all.add(result);
            } else if (s.getUpdateCount() < 0) {
                return all;
            } else {
                all.add(s.getUpdateCount());
            }
            rows = s.getMoreResults();
        }
    }

    static List<Object> text(String sql) throws SQLException {
        try (Statement s = db.createStatement()) {
            return results(s, s.execute(sql));
        }
    }

    static List<Object> prepared(String sql, Object... values) throws SQLException {
        try (PreparedStatement s = db.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                if (values[i] == null) {
                    s.setNull(i + 1, Types.VARCHAR);
                } else {
                    s.setObject(i + 1, values[i]);
                }
            }
            return results(s, s.execute());
        }
    }

    static Object batch() throws SQLException {
        try (PreparedStatement s = db.prepareStatement("INSERT INTO m (a, b) VALUES (?, ?) /* batch */")) {
            for (int i = 0; i < 5; i++) {
                s.setInt(1, 100 + i);
                s.setString(2, i == 3 ? null : "row " + i);
                s.addBatch();
            }
            return s.executeBatch().length;
        }
    }

    static Object called() throws SQLException {
        try (CallableStatement s = db.prepareCall("CALL doubled(?, ?) /* out */")) {
            s.setInt(1, 21);
            s.registerOutParameter(2, Types.INTEGER);
            s.execute();
            return s.getInt(2);
        }
    }

    static Object streamed() throws SQLException {
        try (Statement s = db.createStatement()) {
            s.setFetchSize(100);
            ResultSet r = s.executeQuery("SELECT a.n, b.n FROM digits a, digits b, digits c, digits d /* unbuffered */");
            int n = 0;
            while (r.next()) {
                n++;
            }
            return n;
        }
    }

    static Object rolledBack() throws SQLException {
        db.setAutoCommit(false);
        text("INSERT INTO m (a) VALUES (9) /* transaction */");
        db.rollback();
        db.setAutoCommit(true);
        return text("SELECT COUNT(*) FROM m WHERE a = 9 /* transaction */");
    }

    public static void main(String[] arguments) {
        String o = arguments[0];
        Properties p = new Properties();
        p.setProperty("user", option(o, "user"));
        p.setProperty("password", option(o, "password"));
        p.setProperty("connectTimeout", "600000");
        p.setProperty("useSsl", option(o, "tls"));
        p.setProperty("trustServerCertificate", "true");
        p.setProperty("allowPublicKeyRetrieval", "true");
        p.setProperty("useServerPrepStmts", "true");
        p.setProperty("allowMultiQueries", "true");
        p.setProperty("allowLocalInfile", "true");
        p.setProperty("useBulkStmts", "true");
        p.setProperty("useCompression", String.valueOf(option(o, "compress").equals("zlib")));
        String url = "jdbc:mariadb://" + option(o, "host") + ":" + option(o, "port") + "/shop";
        if (!attempt("connect", () -> {
            db = DriverManager.getConnection(url, p);
            return "ok";
        })) {
            return;
        }
        attempt("text", () -> text("SELECT 1 AS a, 'zwei' AS b, NULL AS c, 3.50 AS d, DATE'2026-01-02' AS e /* text */"));
        attempt("ddl", () -> text("CREATE TEMPORARY TABLE m (a BIGINT, b VARCHAR(40), c BLOB, d DOUBLE, e DECIMAL(20, 6), f BOOL, "
                + "g DATETIME(6)) /* ddl */"));
        attempt("prepared", () -> prepared("INSERT INTO m VALUES (?, ?, ?, ?, ?, ?, ?) /* prepared */", -5L, "tea 'n' 茶",
                new byte[] {0, (byte) 255}, 2.5, new java.math.BigDecimal("12.345"), true,
                Timestamp.valueOf("2026-11-23 01:02:03.000004")));
        attempt("null", () -> prepared("INSERT INTO m (a, b) VALUES (?, ?) /* null */", null, null));
        attempt("binary", () -> prepared("SELECT a, b, HEX(c), d, e, f, g FROM m WHERE a > ? /* binary */", -100));
        attempt("batch", Client::batch);
        attempt("multi", () -> text("SELECT 1 /* multi */; SELECT 2, 3; DO 1"));
        attempt("procedure", () -> text("CALL two(7) /* procedure */"));
        attempt("out", Client::called);
        attempt("error", () -> text("SELECT * FROM nowhere /* error */"));
        attempt("prepare error", () -> prepared("SELECT * FROM nowhere WHERE a = ? /* prepare error */", 1));
        attempt("infile", () -> text("LOAD DATA LOCAL INFILE '" + option(o, "file") + "' INTO TABLE m (a, b) /* infile */"));
        attempt("unbuffered", Client::streamed);
        attempt("transaction", Client::rolledBack);
        attempt("big", () -> text("SELECT REPEAT('x', 300000), REPEAT('y', 20000000) /* big */"));
        attempt("ping", () -> db.isValid(600));
        attempt("database", () -> {
            db.setCatalog("information_schema");
            return text("SELECT DATABASE() /* database */");
        });
        attempt("close", () -> {
            db.close();
            return "ok";
        });
    }
}
