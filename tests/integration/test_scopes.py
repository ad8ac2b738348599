"""What statements were sent for: scopes that come with the statement or its session, and statistics by them."""
import unittest

import pymysql
from pymysql.constants import CLIENT

import lab
from rawclient import RawClient

KEY = "querytap_scope"


def connect(proxy, **keywords):
    return pymysql.connect(host="127.0.0.1", port=proxy.port, user="root", database="shop", autocommit=True,
                           client_flag=CLIENT.MULTI_STATEMENTS, **keywords)


# What sets the variable; the server knows to what.
KNOWN = (
    "SET @querytap_scope = 'a'",
    "SET @QueryTap_Scope := 'b'",
    "set/**/@`querytap_scope`='c'",
    "SET @'querytap_scope' = \"d\"",
    "SET @x = 1, @querytap_scope = 'e', @y = 'f'",
    "SET NAMES utf8mb4, SESSION sql_mode = 'TRADITIONAL', @querytap_scope = 'g'",
    "/*!50000 SET @querytap_scope = 'h' */",
    "/*!99999 SET @querytap_scope = 'not' */ DO 1",
    "SET @querytap_scope = 'it''s \\n \\% \\q' ' two'",
    "SET @querytap_scope = N'n'",
    "SET @querytap_scope = _utf8mb4'é日'",
    "SET @querytap_scope = 17",
    "SET @querytap_scope = -17",
    "SET @querytap_scope = TRUE",
    "SET @x = @querytap_scope",
    "SET @querytap_scope = 'i', @querytap_scope = 'j'",
    "SET @querytap_scope = 'k'; SELECT 1",
    "SELECT ';'; SET @querytap_scope = 'l'; DO 1",
    "SET @querytap_scope = 'm'; SELECT nosuch; SET @querytap_scope = 'never'",
    "SET @querytap_scope = 'never', @@nosuch = 1",
    "SET @querytap_scope = 'never', @y = (SELECT 1 UNION SELECT 2)",
    "SET @querytap_scope = NULL",
    "SET @querytap_scope = 'o'",
    "SET @querytap_scope = ''",
)
# What sets it to something that the text does not show.
UNKNOWN = (
    "SET @querytap_scope = UUID()",
    "SET @querytap_scope = 0x41",
    "SET @querytap_scope = 1 + 1",
    "SET @querytap_scope = 'a' COLLATE utf8mb4_bin",
    "SET @x = (@querytap_scope := 'a')",
    "SET STATEMENT max_statement_time = 10 FOR SET @querytap_scope = 'a'",
    "BEGIN NOT ATOMIC SET @querytap_scope = 'a'; END",
)


class Sources(unittest.TestCase):
    """Where the scope of a statement comes from."""

    def scopes(self, proxy, part):
        return [r.get("scope") for r in proxy.settled("query") if part in r.get("query", r.get("stmt_prepare_query", ""))]

    def test_the_variable_is_what_the_server_says(self):
        with lab.Proxy() as proxy:
            db = connect(proxy)
            c = db.cursor()
            truth = []
            for text in KNOWN:
                try:
                    c.execute(text)
                    while c.nextset():
                        pass
                except pymysql.Error:
                    pass
                c.execute(f"SELECT /*ask*/ CONCAT(@{KEY})")
                truth.append(c.fetchone()[0] or None)
            db.close()
            self.assertEqual(dict(zip(KNOWN, self.scopes(proxy, "ask"))), dict(zip(KNOWN, truth)))
            own = {r["query"]: r.get("scope") for r in proxy.records("query") if r.get("query") in KNOWN}
            self.assertEqual(own, dict(zip(KNOWN, truth)))  # a statement belongs to the scope that it sets

    def test_what_the_text_does_not_show_is_no_scope(self):
        with lab.Proxy() as proxy:
            db = connect(proxy)
            c = db.cursor()
            for text in UNKNOWN:
                c.execute(f"SET @{KEY} = 'before'")
                c.execute(text)
                c.execute("SELECT 1 -- ask")
            db.close()
            self.assertEqual(dict(zip(UNKNOWN, self.scopes(proxy, "ask"))), dict.fromkeys(UNKNOWN))

    def test_sessions_begin_and_end(self):
        with lab.Proxy() as proxy:
            c = RawClient(proxy.port)
            other = RawClient(proxy.port)
            c.query(f"SET @{KEY} = 'one'")
            other.query("SELECT 'other'")
            statement = c.prepare(f"SET @{KEY} = ?")
            c.execute(statement, b"two")
            c.query("SELECT 'prepared'")
            c.send(0, b"\x1f")  # COM_RESET_CONNECTION
            c.expect_ok()
            c.query("SELECT 'reset'")
            c.query(f"SET @{KEY} = 'three'")
            c.query("SELECT 'three'")
            c.send(0, b"\x11root\0\0shop\0" + b"\x2d\0" + b"mysql_native_password\0")  # COM_CHANGE_USER
            c.seq = 0
            c.expect_ok()
            c.query("SELECT 'changed'")
            c.quit()
            other.quit()
            found = {r["query"].split("'")[1]: r.get("scope") for r in proxy.settled("query") if r.get("query", "").startswith("SELECT '")}
            self.assertEqual(found, {"other": None, "prepared": "two", "reset": None, "three": "three", "changed": None})

    def test_precedence(self):
        with lab.Proxy() as proxy:
            # PyMySQL has no parameter for other attributes
            db = pymysql.connect(host="127.0.0.1", port=proxy.port, user="root", database="shop", defer_connect=True)
            db._connect_attrs[KEY] = "login"
            db.connect()
            c = db.cursor()
            c.execute("SELECT 1")
            c.execute(f"SET @{KEY} = 'variable'")
            c.execute("SELECT 2 /*route='/x'*/")
            c.execute(f"SELECT 3 /*{KEY}='tag%20one'*/")
            c.execute(f"SET @{KEY} = NULL")
            c.execute("SELECT 4")
            db.close()
            self.assertEqual(self.scopes(proxy, "SELECT "), ["login", "variable", "tag one", "login"])
            self.assertIn(b"SELECT 3", proxy.admin("/records?q=scope:tag*"))
            self.assertNotIn(b"SELECT 2", proxy.admin("/records?q=scope:tag*"))

    def test_redaction_keeps_names_and_no_passwords(self):
        with lab.Proxy("--log-redact", "all") as proxy:
            db = connect(proxy)
            c = db.cursor()
            c.execute(f"SET @{KEY} = 'checkout'")
            c.execute("SELECT 'ask'")
            c.execute(f"SELECT 'ask' /*{KEY}='cart',user='bob'*/")
            c.execute(f"SET @{KEY} = 'hush', @password = 'hush'")
            c.execute("SELECT 'ask'")
            c.execute(f"SELECT 'ask' /*{KEY}='mysql://bob:hush@db/shop'*/")
            db.close()
            records = proxy.settled("query")
            self.assertEqual([r.get("scope") for r in records if r.get("digest_text") == "SELECT ?"][:2], ["checkout", "cart"])
            with open(proxy.log_path) as log:
                self.assertNotIn("hush", log.read())


if __name__ == "__main__":
    unittest.main()
