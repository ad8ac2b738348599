"""Passwords are never told: whatever the statement, in no place that querytap writes or serves."""
import os
import re
import subprocess
import unittest

import pymysql
from pymysql.constants import CLIENT

import lab


def connect(proxy, **keywords):
    return pymysql.connect(host="127.0.0.1", port=proxy.port, user="root", database="shop", autocommit=True, **keywords)


def by_text(records, part):
    return [r for r in records if part in r.get("query", "")]


def text_of(answer):
    return answer if isinstance(answer, str) else answer.decode("utf-8", "replace")


PASSWORD_STATEMENTS = [
    "CREATE USER s1@localhost IDENTIFIED BY '{}'",
    "ALTER USER s1@localhost IDENTIFIED BY '{}'",
    "SET PASSWORD FOR s1@localhost = PASSWORD('{}')",
    "SET PASSWORD FOR 's1'@'localhost' = PASSWORD(\"{}\")",
    "GRANT SELECT ON *.* TO s2@localhost IDENTIFIED BY '{}'",
    "GRANT SELECT ON *.* TO 's2'@'localhost' IDENTIFIED BY '{}' WITH GRANT OPTION",
    "CREATE USER s3@localhost IDENTIFIED VIA mysql_native_password USING PASSWORD('{}')",
    "CREATE USER s4@localhost IDENTIFIED VIA ed25519 USING PASSWORD('{}') OR unix_socket",
    "CREATE OR REPLACE USER s5@localhost IDENTIFIED BY '{}', s6@localhost IDENTIFIED BY '{}'",
    "CHANGE MASTER TO MASTER_HOST='h', MASTER_USER='u', MASTER_PASSWORD='{}', MASTER_PORT=3306",
    "CHANGE REPLICATION SOURCE TO SOURCE_PASSWORD = '{}', SOURCE_PORT = 1",
    "START SLAVE USER='u' PASSWORD='{}'",
    "START REPLICA USER='u' PASSWORD='{}'",
    "CREATE SERVER x FOREIGN DATA WRAPPER mysql OPTIONS (USER 'u', PASSWORD '{}', HOST '127.0.0.1')",
    "ALTER SERVER x OPTIONS (PASSWORD '{}')",
    "SELECT PASSWORD('{}')",
    "SELECT OLD_PASSWORD('{}'), 1",
    "PREPARE p FROM 'ALTER USER s1@localhost IDENTIFIED BY \\'{}\\''",
    "SET @q = \"SET PASSWORD = PASSWORD('{}')\"",
    "EXECUTE IMMEDIATE 'ALTER USER s1@localhost IDENTIFIED BY ''{}'''",
    "/* a comment */ ALTER /* two */ USER s1@localhost IDENTIFIED /* three */ BY '{}' -- end",
    "/*!50000 ALTER USER s1@localhost IDENTIFIED BY '{}' */",
    "alter user s1@localhost identified by '{}'",
    "ALTER USER s1@localhost IDENTIFIED BY '{}' syntax error here",
    "CREATE TABLE f (a INT) ENGINE=FEDERATED CONNECTION='mysql://user:{}@127.0.0.1:3306/shop/t'",
    "SELECT * FROM accounts WHERE password = '{}'",
    "UPDATE accounts SET name = 'x', passwd = '{}' WHERE id = 1",
    "SELECT 1; ALTER USER s1@localhost IDENTIFIED BY '{}'",
    "ALTER USER s1@localhost IDENTIFIED WITH mysql_native_password AS '{}'",
    "CLONE INSTANCE FROM 'u'@'h':3306 IDENTIFIED BY '{}'",
    "ALTER USER s1@localhost IDENTIFIED BY 'a' REPLACE '{}'",
    "DO PASSWORD(CONCAT('{}', 'x'))",
    "CREATE PROCEDURE pw() SET PASSWORD = PASSWORD('{}')",
    # columns of that name, wherever the value stands
    "INSERT INTO accounts (name, password) VALUES ('x', '{}'), ('y', MD5('{}'))",
    "REPLACE accounts (password, name) VALUE ('{}', 'n')",
    "INSERT INTO accounts (id, password) SELECT 1, '{}'",
    "INSERT INTO accounts (id, name) VALUES (1, 'a') ON DUPLICATE KEY UPDATE password = '{}'",
    "UPDATE accounts SET password = CONCAT('a', '{}') WHERE id = 1",
    "UPDATE accounts SET passwd = IF(1, '{}', 'b'), name = 'z'",
    "SELECT * FROM accounts WHERE '{}' = password",
    "SELECT * FROM accounts WHERE (name, password) = ('a', '{}')",
    "SELECT * FROM accounts WHERE password BETWEEN '{}' AND '{}'",
    "SELECT * FROM accounts WHERE password = SHA2('{}', 256)",
    "SELECT * FROM accounts WHERE CAST(password AS CHAR) = '{}'",
    "SELECT STRCMP(password, '{}') FROM accounts",
    "SELECT '{}' AS password",
    "SELECT name, password FROM accounts UNION SELECT 1, '{}'",
    "SELECT AES_ENCRYPT('data', '{}'), AES_DECRYPT(name, UNHEX(SHA2('{}', 512))) FROM accounts",
    "SET @pw = '{}', @hash = PASSWORD(@pw)",
    "SET GLOBAL wsrep_sst_auth = 'u:{}'",
    # passwords that are none to the server
    "CREATE USER p5 IDENTIFIED BY `{}`",
    "CREATE USER p5 IDENTIFIED BY {}",
    "CREATE USER p5 IDENTIFIED BY '{}",
    "CREATE USER p5 IDENTIFIED BYY '{}'",
    "CREATE USER p5 IDENTIFIED BY 0x{hex}",
    "CREATE USER p5 IDENTIFIED BY x'{hex}'",
    # comments
    "CREATE USER p5 /*!80000 IDENTIFIED BY '{}' */",
    "CREATE USER p5 /*M! IDENTIFIED BY '{}' */",
    "CREATE USER p5 -- IDENTIFIED BY '{}'",
    "CREATE USER p5 # IDENTIFIED BY '{}'",
    "CREATE USER p5 /* IDENTIFIED BY '{}'",
    "SELECT 1 /*password='{}'*/",
    # SQL that is put together, and options
    "SET @sql = CONCAT('ALTER USER s1@localhost IDENTIFIED BY ', QUOTE('{}'))",
    "SET @sql = 'ALTER USER s1@localhost IDENTIFIED BYY ''{}'' x'",
    "PREPARE s FROM @sql",
    "EXECUTE IMMEDIATE @sql",
    "EXECUTE IMMEDIATE CONCAT('ALTER USER s1@localhost IDENTIFIED BY ', QUOTE('{}'))",
    "EXECUTE IMMEDIATE 'UPDATE accounts SET password = ?' USING '{}'",
    "CREATE TABLE c1 (a INT) ENGINE=CONNECT TABLE_TYPE=MYSQL OPTION_LIST='user=u,password={},host=h'",
    "CREATE TABLE c2 (a INT) ENGINE=CONNECT CONNECTION='Driver=X;Server=h;UID=u;PWD={}'",
    "CREATE TABLE c3 (a INT) ENGINE=SPIDER COMMENT='host \"h\", password \"{}\"'",
    "CALL change_password('u', '{}')",
    "LOAD DATA LOCAL INFILE '/nonexistent' INTO TABLE accounts SET password = '{}'",
    "SELECT JSON_OBJECT('password', '{}'), 'password={}'",
    "UPDATE t SET doc = JSON_SET(doc, '$.password', '{}') WHERE doc->'$.password' = '{}'",
    # of other servers, or with a mistake: the error quotes it
    "ALTER USER USER() IDENTIFIED BY '{}' RETAIN CURRENT PASSWORD",
    "CREATE USER p9 IDENTIFIED WITH 'plugin' BY '{}' AND IDENTIFIED WITH authentication_ldap AS '{}'",
    "ALTER USER p9 ADD 2 FACTOR IDENTIFIED BY '{}'",
    "START GROUP_REPLICATION USER='u', PASSWORD='{}'",
    # what rows tell
    "SHOW GRANTS FOR s1@localhost",
    "SHOW CREATE USER s1@localhost",
    "SELECT user, authentication_string FROM mysql.user",
    "SELECT * FROM mysql.global_priv",
    "SELECT * FROM accounts",
    "SELECT password AS p FROM accounts",
]


class Passwords(unittest.TestCase):
    def run_all(self, db):
        """Run PASSWORD_STATEMENTS. @return the secrets that stand in them."""
        self.addCleanup(lab.server().sql, "SET GLOBAL wsrep_sst_auth = ''")
        used = []
        for text in PASSWORD_STATEMENTS:
            while "{}" in text or "{hex}" in text:
                used.append(f"sEcReT{len(used):03d}x")
                text = text.replace("{}", used[-1], 1) if "{}" in text else text.replace("{hex}", used[-1].encode().hex(), 1)
            try:
                cursor = db.cursor()
                cursor.execute(text)
                while cursor.nextset():
                    pass
            except (pymysql.err.Error, OSError):
                pass
        return used

    def answers(self, proxy):
        number = proxy.json("/sessions")["sessions"][0]["conn_id"]
        records = [f"/records?n=100000&{p}" for p in ("format=text", "verbose=1", "format=json", "format=ltsv", "format=slow")]
        pages = [*records, "/sessions", "/sessions?format=json", f"/sessions/{number}/hex", "/births", "/stages",
                 "/debug/pprof/heap?debug=1", "/digests", "/digests?format=json", "/verdicts", "/counters"]
        return {page: text_of(proxy.admin(page)) for page in pages}

    def check(self, answers, secrets):
        for place, text in answers.items():
            flat = re.sub(r"\s+", "", text)
            for secret in secrets:
                # in words, in hex, and in a dump in hex
                found = secret in text or secret.encode().hex() in text or secret.encode().hex() in flat
                self.assertFalse(found, (place, secret))

    def test_are_never_told(self):
        """Over the log in each format, packets in hex, admin answers, the profile and what the proxy says of itself."""
        with lab.Proxy("--hex", "--log-rows", "5", "--profile-sample-bytes", "1", "--log-level", "debug", "--log-recent-bytes", "16M",
                       "--capture-bytes", "1M", "--capture-packet-bytes", "4K", expect_lint=True) as proxy:
            lab.server().sql("CREATE DATABASE IF NOT EXISTS shop; CREATE OR REPLACE TABLE shop.accounts "
                             "(id INT, name TEXT, password TEXT, passwd TEXT)")
            db = connect(proxy, client_flag=CLIENT.MULTI_STATEMENTS, local_infile=True)
            used = self.run_all(db)
            self.assertGreaterEqual(len(used), 70)
            used.append("sEcReTlogin")
            lab.server().sql(f"CREATE OR REPLACE USER login@localhost IDENTIFIED BY '{used[-1]}'; "
                             f"CREATE OR REPLACE USER login@'%' IDENTIFIED BY '{used[-1]}'; GRANT ALL ON *.* TO login@'%'")
            pymysql.connect(host="127.0.0.1", port=proxy.port, user="login", password=used[-1]).close()
            answers = self.answers(proxy)
            db.close()
            proxy.settled()
            with open(proxy.log_path, "rb") as f:
                answers["log"] = f.read().decode()
            answers["stderr"] = text_of(proxy.stderr())
            self.assertTrue("PASSWORD" in answers["log"])
            self.assertTrue("<secret>" in answers["/digests"] + answers["log"])
            self.check(answers, used)
            # and no hash, in words or in a row's bytes
            self.assertEqual(re.findall(r"\*[0-9A-F]{40}", answers["log"]), [])
            self.assertIsNone(re.search(r"2a(3[0-9]|4[1-6]){40}", answers["log"]))
            told = [r for r in proxy.records("query") if "<secret>" in r.get("query", "")]
            self.assertGreaterEqual(len(told), 70)
            self.assertTrue(all("password" in r["redacted"] for r in told))
            create = by_text(told, "CREATE USER s1@localhost")[0]
            self.assertEqual(create["query"], "CREATE USER s1@localhost IDENTIFIED BY '<secret>'")

    def test_a_prepared_one(self):
        """Of the parameters, only the password goes; not even in the packets of the execution and of the table's rows."""
        with lab.Proxy("--hex", "--log-rows", "5") as proxy:
            lab.server().sql("CREATE OR REPLACE TABLE shop.accounts (id INT, name TEXT, password TEXT, passwd TEXT)")
            subprocess.run(["php", "-r", f"""$db = new mysqli('127.0.0.1', 'root', '', 'shop', {proxy.port});
                $s = $db->prepare('INSERT INTO accounts (name, password) VALUES (?, ?)'); $n = 'n'; $p = 'sEcReT1';
                $s->bind_param('ss', $n, $p); $s->execute();
                $s = $db->prepare('SELECT name FROM accounts WHERE name = ? AND password = ?');
                $s->bind_param('ss', $n, $p); $s->execute(); $s->get_result();
                $s = $db->prepare('SELECT * FROM accounts'); $s->execute(); $s->get_result();"""], check=True)
            records = [r for r in proxy.settled("query") if r["command"] == "COM_STMT_EXECUTE"]
            self.assertEqual([r.get("stmt_execute_values") for r in records], [["n", "<secret>"], ["n", "<secret>"], None])
            self.assertEqual(records[2]["first_rows"], [[None, "n", "<secret>", None]])
            with open(proxy.log_path) as f:
                self.check({"log": f.read()}, ["sEcReT1"])

    def test_a_file_that_is_loaded(self):
        path = os.path.join(lab.FOLDER, "accounts.txt")
        with open(path, "w") as f:
            f.write("1\tsEcReT1\n")
        with lab.Proxy("--hex") as proxy:
            lab.server().sql("CREATE OR REPLACE TABLE shop.accounts (id INT, name TEXT, password TEXT, passwd TEXT)")
            db = connect(proxy, local_infile=True)
            db.cursor().execute(f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE accounts (id, password)")
            db.close()
            self.assertEqual(by_text(proxy.settled("query"), "LOAD")[0]["affected_rows"], 1)
            with open(proxy.log_path) as f:
                self.check({"log": f.read()}, ["sEcReT1"])

    def test_what_others_are_doing(self):
        """A list of processes shows a statement of another session."""
        with lab.Proxy("--hex", "--log-rows", "20", "--capture-packet-bytes", "4K", "--capture-bytes", "1M") as proxy:
            statement = "SELECT SLEEP(60), PASSWORD('sEcReT1'), \"x IDENTIFIED BY 'sEcReT1'\""
            other = subprocess.Popen(["mariadb", "--no-defaults", "-uroot", f"-S{lab.server().socket}", "-e", statement],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                db = connect(proxy)
                c = db.cursor()

                def seen():
                    c.execute("SHOW FULL PROCESSLIST")
                    return any("sEcReT1" in str(row) for row in c.fetchall())
                lab.wait_for(seen, "the other statement to run")
                dump = text_of(proxy.admin("/sessions/1/hex"))
                db.close()
            finally:
                other.kill()
                other.wait()
            self.assertIn("(not shown: ", dump)
            proxy.settled()
            with open(proxy.log_path) as f:
                self.check({"log": f.read(), "dump": dump}, ["sEcReT1"])

    def test_a_running_one(self):
        """What a session is doing just now, and what it does when it is killed within it."""
        with lab.Proxy("--hex", "--profile-sample-bytes", "1", "--log-level", "debug") as proxy:
            client = subprocess.Popen(["mariadb", "--no-defaults", "-h127.0.0.1", f"-P{proxy.port}", "-uroot", "-e",
                                       "SELECT SLEEP(60), PASSWORD('sEcReT1')"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                sessions = lab.wait_for(lambda: [s for s in proxy.json("/sessions")["sessions"] if s.get("query")], "the statement to run")
                answers = {page: text_of(proxy.admin(page)) for page in ("/sessions", "/sessions?format=json", "/births", "/sessions/1/hex")}
                answers["list"] = str(sessions)
            finally:
                client.kill()
                client.wait()
            proxy.settled()
            with open(proxy.log_path) as f:
                answers["log"] = f.read()
            answers["stderr"] = text_of(proxy.stderr())
            self.assertIn("(hidden)", answers["list"])
            self.check(answers, ["sEcReT1"])

    def test_what_is_none_stays(self):
        with lab.Proxy("--log-rows", "5") as proxy:
            db = connect(proxy)
            for text in ("SELECT 'passage' AS a", "SELECT name, 'x' FROM (SELECT 1 AS name) t WHERE name <> 'compass'"):
                db.cursor().execute(text)
            db.close()
            records = [r for r in proxy.settled("query") if "query" in r]
            self.assertIn("SELECT 'passage' AS a", [r["query"] for r in records])
            self.assertFalse([r for r in records if "redacted" in r])


if __name__ == "__main__":
    unittest.main()
