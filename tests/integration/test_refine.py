"""What the log adds to statements and takes out of them: digests, transactions, N+1, tags, redaction, times."""
import json
import os
import re
import subprocess
import threading
import unittest

import pymysql

import lab


def connect(proxy, **keywords):
    return pymysql.connect(host="127.0.0.1", port=proxy.port, user="root", database="shop", autocommit=True, **keywords)


def by_text(records, part):
    return [r for r in records if part in r.get("query", "")]


def text_of(answer):
    return answer if isinstance(answer, str) else answer.decode("utf-8", "replace")


class Shapes(unittest.TestCase):
    def test_digests(self):
        with lab.Proxy() as proxy:
            c = connect(proxy).cursor()
            for i in range(20):
                c.execute(f"SELECT {i} + 1 AS a -- {i}")
            c.execute("SELECT 7+1 as a")
            c.execute("SELECT 'a' FROM dual WHERE 1 IN (1, 2, 3)")
            c.connection.close()
            records = [r for r in proxy.settled("query") if r["command"] == "COM_QUERY"]
            ours = [r for r in records if r["digest_text"] == "SELECT ? + ? AS `a`"]
            self.assertEqual(len(ours), 21)
            self.assertEqual(len({r["digest"] for r in ours}), 1)
            self.assertRegex(ours[0]["digest"], "^[0-9a-f]{32}$")
            self.assertIn("SELECT ? FROM DUAL WHERE ? IN (...)", [r["digest_text"] for r in records])

    def test_transactions(self):
        with lab.Proxy() as proxy:
            proxy_sql(proxy, "CREATE TABLE IF NOT EXISTS trx (a INT) ENGINE=InnoDB")
            db = connect(proxy)
            c = db.cursor()
            for text in ("SELECT 'before'", "BEGIN", "INSERT INTO trx VALUES (1)", "SELECT 'within'", "COMMIT", "SELECT 'between'",
                         "SET autocommit=0", "SELECT * FROM trx", "ROLLBACK", "SET autocommit=1", "SELECT 'after'"):
                c.execute(text)
            db.close()
            found = {r["query"]: r.get("trx_id") for r in proxy.settled("query") if "query" in r}
            self.assertEqual({q: found[q] for q in ("SELECT 'before'", "SELECT 'between'", "SELECT 'after'", "SET autocommit=0")},
                             {"SELECT 'before'": None, "SELECT 'between'": None, "SELECT 'after'": None, "SET autocommit=0": None})
            self.assertEqual([found[q] for q in ("BEGIN", "INSERT INTO trx VALUES (1)", "SELECT 'within'", "COMMIT")], [1, 1, 1, 1])
            self.assertEqual([found[q] for q in ("SELECT * FROM trx", "ROLLBACK")], [2, 2])

    def test_one_transaction_behind_another(self):
        """The status flag stays set: the statement tells."""
        with lab.Proxy() as proxy:
            proxy_sql(proxy, "CREATE TABLE IF NOT EXISTS trx (a INT) ENGINE=InnoDB")
            db = connect(proxy)
            c = db.cursor()
            texts = ("BEGIN", "SELECT 'one'", "SAVEPOINT s", "ROLLBACK TO s", "/* a */ commit work and chain", "SELECT 'two'", "START TRANSACTION",
                     "SELECT 'three'", "ROLLBACK AND CHAIN", "SELECT 'four'", "SET completion_type=CHAIN", "COMMIT", "SELECT 'five'",
                     "COMMIT AND NO CHAIN")
            for text in texts:
                c.execute(text)
            db.close()
            found = {r["query"]: r.get("trx_id") for r in proxy.settled("query") if "query" in r}
            self.assertEqual([found[t] for t in texts], [1, 1, 1, 1, 1, 2, 3, 3, 3, 4, 4, 4, 5, 5])

    def test_tags(self):
        with lab.Proxy() as proxy:
            c = connect(proxy).cursor()
            parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            c.execute(f"SELECT 1 /*controller='users%20list',action='it\\'s',traceparent='{parent}'*/")
            c.execute("/*application:Shop,job:nightly*/ SELECT 2")
            c.execute("SELECT 3 /* see: the ticket */")
            c.execute("SELECT 4 /*traceparent='wrong'*/")
            c.connection.close()
            one, two, three, four = by_text(proxy.settled("query"), "SELECT ")[-4:]
            self.assertEqual(one["tags"], {"controller": "users list", "action": "it's", "traceparent": parent})
            self.assertEqual(one["traceparent"], parent)
            self.assertEqual(two["tags"], {"application": "Shop", "job": "nightly"})
            self.assertNotIn("tags", three)
            self.assertNotIn("traceparent", four)
            self.assertEqual(one["digest"], two["digest"])


def proxy_sql(proxy, *statements):
    db = connect(proxy)
    for text in statements:
        db.cursor().execute(text)
    db.close()


class Runs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with lab.Proxy() as proxy:
            proxy_sql(proxy, "CREATE OR REPLACE TABLE author (id INT PRIMARY KEY, name VARCHAR(20))",
                      "CREATE OR REPLACE TABLE post (id INT PRIMARY KEY, author_id INT, title VARCHAR(20))",
                      "INSERT INTO author SELECT seq, CONCAT('author ', seq) FROM seq_1_to_50",
                      "INSERT INTO post SELECT seq, seq, CONCAT('post ', seq) FROM seq_1_to_50")

    def runs(self, work, *flags):
        with lab.Proxy(*flags) as proxy:
            db = connect(proxy)
            work(db.cursor())
            db.close()
            records = proxy.settled()
            return [r for r in records if r["event"] == "n_plus_one"], [r for r in records if r["event"] == "query"]

    def test_one_query_a_row(self):
        def page(c):
            c.execute("SELECT id, author_id, title FROM post ORDER BY id LIMIT 20")
            for row in c.fetchall():
                c.execute("SELECT id, name FROM author WHERE id = %s", (row[1],))
                c.fetchall()
            c.execute("SELECT COUNT(*) FROM post")

        runs, queries = self.runs(page)
        self.assertEqual([r["repeated"] for r in runs], [20])
        self.assertEqual(runs[0]["digest_text"], "SELECT `id` , NAME FROM `author` WHERE `id` = ?")
        self.assertIn("after 20 rows of SELECT `id` , `author_id` , `title` FROM `post`", runs[0]["info"])
        marked = [r for r in queries if "n_plus_one" in r.get("findings", [])]
        self.assertEqual({r["digest"] for r in marked}, {runs[0]["digest"]})
        self.assertEqual(marked[-1]["repeated"], 20)
        self.assertEqual(sum(r["duration_us"] for r in queries if r.get("digest") == runs[0]["digest"]), runs[0]["duration_us"])

    def test_two_a_row_and_bursts(self):
        def pages(c):
            for offset in (0, 10, 20):
                c.execute(f"SELECT id, author_id FROM post ORDER BY id LIMIT 10 OFFSET {offset}")
                for row in c.fetchall():
                    c.execute(f"SELECT name FROM author WHERE id = {row[1]}")
                    c.execute(f"SELECT title FROM post WHERE author_id = {row[1]} AND id <> 0")
                c.execute("SET @done = 1")

        runs, _ = self.runs(pages)
        self.assertEqual([r["repeated"] for r in runs], [10] * 6)
        self.assertEqual(len({r["digest"] for r in runs}), 2)

    def told(self, work, **keywords):
        """How often each child was repeated, by the table that it reads from."""
        with lab.Proxy() as proxy:
            db = pymysql.connect(host="127.0.0.1", port=proxy.port, user="root", database="shop", **{"autocommit": True, **keywords})
            work(db.cursor(), db)
            db.close()
            found = [r for r in proxy.settled() if r["event"] == "n_plus_one"]
            return sorted((re.search(r"FROM `(\w+)`", r["digest_text"])[1], r["repeated"]) for r in found)

    def posts(self, c, n):
        c.execute(f"SELECT id, author_id FROM post ORDER BY id LIMIT {n}")
        return c.fetchall()

    def test_as_frameworks_do(self):
        """Django's get(), with LIMIT 21, Rails' ORDER BY and LIMIT 1; and their cures, which are none."""
        def django(c, db):
            for _, author in self.posts(c, 12):
                c.execute(f"SELECT `author`.`id`, `author`.`name` FROM `author` WHERE `author`.`id` = {author} LIMIT 21")

        def rails(c, db):
            for post, _ in self.posts(c, 12):
                c.execute(f"SELECT `post`.* FROM `post` WHERE `post`.`author_id` = {post} ORDER BY `post`.`id` ASC LIMIT 1 -- tag")

        def prefetch(c, db):
            ids = ", ".join(str(author) for _, author in self.posts(c, 12))
            c.execute(f"SELECT id, name FROM author WHERE id IN ({ids})")
            c.execute(f"SELECT id FROM post WHERE author_id IN ({ids})")
            c.execute("SELECT COUNT(*) FROM author")

        self.assertEqual(self.told(django), [("author", 12)])
        self.assertEqual(self.told(rails), [("post", 12)])
        self.assertEqual(self.told(prefetch), [])

    def test_with_writes_between(self):
        def work(c, db):
            for post, author in self.posts(c, 10):
                c.execute(f"SELECT name FROM author WHERE id = {author}")
                c.execute(f"UPDATE post SET title = 'new {post}' WHERE id = {post}")
                c.execute(f"INSERT INTO seen VALUES ({post})")

        with lab.Proxy() as proxy:
            proxy_sql(proxy, "CREATE OR REPLACE TABLE seen (a INT)")
        self.assertEqual(self.told(work), [("author", 10)])

    def test_transactions_of_a_loop_and_of_a_row(self):
        def whole(c, db):
            for _, author in self.posts(c, 10):
                c.execute(f"SELECT name FROM author WHERE id = {author}")
            db.commit()
            for i in range(20, 30):  # of no row of the list: it is no part of that
                c.execute(f"SELECT title FROM post WHERE id = {i}")
                db.commit()

        def each(c, db):
            for post, author in self.posts(c, 10):
                c.execute("BEGIN")
                c.execute(f"SELECT name FROM author WHERE id = {author}")
                c.execute(f"UPDATE post SET title = 'new {post}' WHERE id = {post}")
                c.execute("COMMIT")

        self.assertEqual(self.told(whole, autocommit=False), [("author", 10)])
        self.assertEqual(self.told(each), [("author", 10)])

    def test_some_rows_have_none_and_some_two(self):
        def some(c, db):
            for i, (_, author) in enumerate(self.posts(c, 50)):
                if i % 5 < 2:
                    c.execute(f"SELECT name FROM author WHERE id = {author}")

        def two(c, db):
            c.execute("SELECT author_id, 51 - author_id AS editor_id FROM post ORDER BY id LIMIT 10")
            for author, editor in c.fetchall():
                c.execute(f"SELECT name FROM author WHERE id = {author}")
                c.execute(f"SELECT name FROM author WHERE id = {editor}")

        def one_row(c, db):
            for _, author in self.posts(c, 1):
                for i in range(10):
                    c.execute(f"SELECT name FROM author WHERE id = {author + i}")

        self.assertEqual(self.told(some), [("author", 20)])
        self.assertEqual(self.told(two), [("author", 20)])
        self.assertEqual(self.told(one_row), [])

    def test_within_one_another(self):
        def work(c, db):
            c.execute("SELECT DISTINCT id DIV 3 AS third FROM post WHERE id BETWEEN 3 AND 20")
            for (third,) in c.fetchall():
                c.execute(f"SELECT id FROM post WHERE id DIV 3 = {third}")
                for (post,) in c.fetchall():
                    c.execute(f"SELECT name FROM author WHERE id = {post}")

        self.assertEqual(self.told(work), [("author", 18), ("post", 6)])

    def test_pages_on_a_busy_connection(self):
        """Each loop has an event of its own, also if the next page comes at once, and the last one has it before anything follows."""
        def page(c, rows, editors=False):
            c.execute("SELECT author_id, COUNT(*) FROM post GROUP BY author_id LIMIT 30")
            c.execute(f"SELECT author_id, IF(id % 3, 51 - author_id, NULL) FROM post ORDER BY id LIMIT {rows}")
            for author, editor in c.fetchall():
                c.execute(f"SELECT name FROM author WHERE id = {author}")
                if editors and editor:
                    c.execute(f"SELECT name FROM author WHERE id = {editor}")

        with lab.Proxy() as proxy:
            db = connect(proxy)
            c = db.cursor()
            for rows, editors in ((30, False), (30, False), (20, False), (30, True)):
                page(c, rows, editors)
            runs = lab.wait_for(lambda: [r for r in proxy.records("n_plus_one") if r["repeated"] == 50] and proxy.records("n_plus_one"),
                                "the run that nothing follows")
            self.assertEqual([r["repeated"] for r in runs], [30, 30, 20, 50])
            queries = [r for r in proxy.records("query") if r.get("digest") == runs[0]["digest"]]
            numbers = [q["conn_seq_num"] for q in queries]
            self.assertEqual([r["conn_seq_num"] for r in runs], [numbers[i] for i in (0, 30, 60, 80)])
            self.assertEqual([r["last_conn_seq_num"] for r in runs], [numbers[i] for i in (29, 59, 79, 129)])
            for run, last in zip(runs, (29, 59, 79, 129)):  # the time is that of the end of the last statement
                self.assertGreaterEqual(run["ts"], queries[last]["ts"])
            self.assertEqual({(r["username"], r["database"]) for r in runs}, {("root", "shop")})
            db.close()
            self.assertEqual(len([r for r in proxy.settled() if r["event"] == "n_plus_one"]), 4)

    def test_statements_between_the_list_and_its_loop(self):
        def preload(c, db):
            rows = self.posts(c, 20)
            c.execute("SELECT id, name FROM author WHERE id IN (1, 2, 3, 4, 5, 6)")
            c.execute("SELECT COUNT(*) FROM post")
            for post, _ in rows:
                c.execute(f"SELECT title FROM post WHERE id = {post}")

        def batches(c, db):
            for i in range(10):
                c.execute(f"SELECT id FROM post WHERE id > {i * 5} ORDER BY id LIMIT 5")

        self.assertEqual(self.told(preload), [("post", 20)])
        self.assertEqual(self.told(batches), [])

    def test_loops_over_a_pool(self):
        """Statements for the rows of a list over other connections of a pool, one after the other and all at once. Those of sessions that
        work for themselves, of another user or in another order are none."""
        def told(work, loops):
            with lab.Proxy() as proxy:
                pool = [connect(proxy) for _ in range(4)]
                work([db.cursor() for db in pool])
                lab.wait_for(lambda: len(proxy.records("n_plus_one")) >= loops, "the loop")  # a pool stays connected
                for db in pool:
                    db.close()
                return [(r["repeated"] >= 18, "several connections" in r["reason"]) for r in proxy.settled() if r["event"] == "n_plus_one"]

        def one_by_one(c):
            for i, (_, author) in enumerate(self.posts(c[0], 24)):
                c[i % 4].execute(f"SELECT name FROM author WHERE id = {author}")

        def at_once(c):
            rows = self.posts(c[0], 24)
            threads = [threading.Thread(target=lambda c=c[i], rows=rows[i::3]: [c.execute(f"SELECT name FROM author WHERE id = {a}") for _, a in rows])
                       for i in range(1, 3)]
            threads.append(threading.Thread(target=lambda: [c[3].execute(f"SELECT name FROM author WHERE id = {a}") for _, a in rows[0::3]]))
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        def for_themselves(c):
            rows = self.posts(c[0], 24)
            for i, (_, author) in enumerate(rows):
                c[1].execute("SELECT COUNT(*) FROM post")
                c[1].execute(f"SELECT name FROM author WHERE id = {author}")

        def in_no_order(c):
            rows = self.posts(c[0], 24)
            for i in range(24):
                c[1 + i % 3].execute(f"SELECT name FROM author WHERE id = {rows[i * 11 % 24][1]}")

        self.assertEqual(told(one_by_one, 1), [(True, True)])
        self.assertEqual(told(at_once, 1), [(True, True)])
        self.assertEqual(told(for_themselves, 0), [])
        self.assertEqual(told(in_no_order, 0), [])

    def test_writes_for_each_row(self):
        """An UPDATE for each row, prepared or not, with what is sent between; single INSERTs without a list. Not those of several rows."""
        def update(c):
            c.execute("SELECT id, title FROM post ORDER BY id LIMIT 12 /*controller='posts',action='touch'*/")
            for post, title in c.fetchall():
                c.execute("BEGIN")
                c.execute("SELECT @@version")
                c.execute(f"UPDATE post SET title = 'a longer title' WHERE id = {post} /*controller='posts',action='touch'*/")
                c.execute("COMMIT")

        def insert(c):
            c.execute("CREATE OR REPLACE TABLE audit (post_id INT, what VARCHAR(20))")
            for i in range(8):
                c.execute(f"INSERT INTO audit VALUES ({i}, 'seen')")
                c.execute("SELECT LAST_INSERT_ID()")

        def bulk(c):
            for i in range(8):
                c.execute(f"INSERT INTO audit VALUES ({i}, 'a'), ({i + 1}, 'b')")
            for i in range(8):  # each page of a site counts its visit: no loop
                c.execute(f"INSERT INTO audit VALUES ({i}, 'page')")
                c.execute(f"SELECT name FROM author WHERE id = {i}")

        def loops(work):
            with lab.Proxy() as proxy:
                db = connect(proxy)
                work(db.cursor())
                db.close()
                records = proxy.settled()
                counts.append({d["digest"]: d["in_write_loop"] for d in json.loads(proxy.admin("/digests?n=100&format=json"))["digests"]})
                return records

        counts = []
        records = loops(update)
        [loop] = [r for r in records if r["event"] == "write_loop"]
        marked = [r for r in records if "in_write_loop" in r.get("findings", []) and r["event"] == "query"]
        self.assertEqual((loop["repeated"], loop["tags"], loop["database"]), (12, {"controller": "posts", "action": "touch"}, "shop"))
        self.assertIn("after 12 rows of SELECT `id` , `title` FROM `post`", loop["info"])
        self.assertRegex(loop["query"], "UPDATE post SET title = 'a longer title' WHERE id = \\d+ ")
        self.assertEqual((marked[-1]["repeated"], marked[-1]["digest"]), (12, loop["digest"]))
        self.assertEqual(counts[0][loop["digest"]], len(marked))
        self.assertEqual([r for r in records if r["event"] == "n_plus_one"], [])
        [loop] = [r for r in loops(insert) if r["event"] == "write_loop"]
        self.assertEqual((loop["repeated"], "info" in loop), (8, False))
        self.assertEqual([r for r in loops(bulk) if r["event"] in ("write_loop", "n_plus_one")], [])

    def test_without_rows_nothing_is_known(self):
        def work(c):
            for _, author in self.posts(c, 12):
                c.execute(f"SELECT name FROM author WHERE id = {author}")

        self.assertEqual([r["repeated"] for r in self.runs(work)[0]], [12])
        self.assertEqual(self.runs(work, "--log-n-plus-one-rows", "0")[0], [])
        self.assertEqual([r["repeated"] for r in self.runs(work, "--log-n-plus-one-rows", "6")[0]], [12])

    def test_fixed_values_after_a_list(self):
        """Look-ups of values that no row of the list has are no loop over it, however many there are."""
        def work(c):
            self.posts(c, 12)
            for i in range(12):
                c.execute(f"SELECT id FROM author WHERE name = 'option {i}'")

        runs, queries = self.runs(work)
        self.assertEqual((runs, [q for q in queries if "findings" in q and "n_plus_one" in q["findings"]]), ([], []))

    def test_what_is_none(self):
        def work(c):
            c.execute("SELECT id FROM post LIMIT 20")
            for _ in range(20):
                c.execute("SELECT name FROM author WHERE id = 1")  # always the same
            c.execute("SELECT id FROM post LIMIT 40")
            for i in range(10):
                c.execute(f"SELECT name FROM author WHERE id = {i}")  # a fourth of the rows
            c.execute("SELECT id FROM post LIMIT 1")
            for i in range(10):
                c.execute(f"SELECT title FROM post WHERE id = {i}")  # no rows to go through

        self.assertEqual(self.runs(work)[0], [])

    def test_a_prepared_one(self):
        try:
            subprocess.run(["php", "-r", "exit(extension_loaded('mysqli') ? 0 : 1);"], check=True)
        except (OSError, subprocess.CalledProcessError):
            self.skipTest("needs PHP with mysqli")
        with lab.Proxy() as proxy:
            script = f"""mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
                $db = new mysqli('127.0.0.1', 'root', '', 'shop', {proxy.port});
                $posts = $db->query('SELECT author_id FROM post LIMIT 15')->fetch_all();
                foreach ($posts as $post) {{ $s = $db->prepare('SELECT name FROM author WHERE id = ?'); $s->bind_param('i', $post[0]);
                    $s->execute(); $s->get_result()->fetch_all(); $s->close(); }}"""
            subprocess.run(["php", "-r", script], check=True)
            runs = [r for r in proxy.settled() if r["event"] == "n_plus_one"]
            self.assertEqual([r["repeated"] for r in runs], [15])

    def test_an_oltp_run_has_none(self):
        with lab.Proxy() as proxy:
            common = ["sysbench", "oltp_read_write", "--mysql-host=127.0.0.1", f"--mysql-port={proxy.port}", "--mysql-user=root",
                      "--mysql-db=shop", "--tables=1", "--table-size=1000", "--mysql-ssl=off"]
            for command in ("prepare", "run", "cleanup"):
                subprocess.run([*common, "--threads=4", "--events=600", "--time=60", command], check=True, capture_output=True)
            records = proxy.settled()
            self.assertGreater(sum(r["event"] == "query" for r in records), 10000)
            self.assertEqual([r for r in records if r["event"] == "n_plus_one"], [])

    def test_duplicates(self):
        def work(c):
            c.execute("BEGIN")
            for _ in range(3):
                c.execute("SELECT name FROM author WHERE id = 7")
            c.execute("SELECT name FROM author WHERE id = 8")
            c.execute("COMMIT")
            c.execute("SELECT name FROM author WHERE id = 7")

        _, queries = self.runs(work)
        found = [(r["query"][-1], r.get("duplicates")) for r in queries if r.get("query", "").startswith("SELECT name")]
        self.assertEqual(found, [("7", None), ("7", 1), ("7", 2), ("8", None), ("7", None)])


class Top(unittest.TestCase):
    def test_fits_a_terminal(self):
        with lab.Proxy() as proxy:
            proxy_sql(proxy, "SELECT SLEEP(0.02)", *("SELECT 1, 'a' AS a_rather_long_name, 2 AS another_one_that_takes_a_lot_of_room" for _ in range(3)))
            proxy.settled("query")
            for width in (60, 80, 139, 140, 300):
                lines = text_of(proxy.admin(f"/digests?sort=active&width={width}")).splitlines()
                self.assertLessEqual(max(len(line) for line in lines[4:]), max(width, 60), width)
                self.assertEqual("P99" in lines[4], width >= 140)
                # which shape took most time is the business of the machine: any may have waited for a processor
                self.assertTrue(any("SELECT" in line for line in lines[5:]), lines)
            # what has as many errors goes by time
            times = [row["sum_us"] for row in proxy.json("/digests?sort=errors")["digests"]]
            self.assertGreater(len(times), 1)
            self.assertEqual(times, sorted(times, reverse=True))


class Findings(unittest.TestCase):
    def test_slow_and_no_index(self):
        with lab.Proxy("--log-slow-ms", "50") as proxy:
            proxy_sql(proxy, "CREATE OR REPLACE TABLE bare (a INT)", "INSERT INTO bare SELECT seq FROM seq_1_to_100",
                      "SELECT * FROM bare WHERE a = 5", "SELECT SLEEP(0.1)", "SELECT 1")
            found = {r["query"]: r.get("findings") for r in proxy.settled("query") if "query" in r}
            self.assertEqual(found["SELECT * FROM bare WHERE a = 5"], ["no_index"])
            self.assertEqual(found["SELECT SLEEP(0.1)"], ["slow"])
            self.assertIsNone(found["SELECT 1"])

    def test_no_index_only_where_one_can_be(self):
        none = ["SHOW TABLES", "SHOW COLUMNS FROM bare", "SELECT table_name FROM information_schema.tables WHERE table_schema = 'shop'",
                "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT * FROM n",
                "SELECT * FROM (SELECT 1 AS a UNION ALL SELECT 2) AS two"]
        some = ["SELECT a FROM bare WHERE a = 5", "WITH x AS (SELECT a FROM bare) SELECT * FROM x",
                "SELECT 1 FROM information_schema.schemata AS s JOIN bare ON bare.a = 5 LIMIT 1"]
        with lab.Proxy() as proxy:
            proxy_sql(proxy, "CREATE OR REPLACE TABLE bare (a INT)", "INSERT INTO bare SELECT seq FROM seq_1_to_100", *none, *some)
            found = {r["query"]: r for r in proxy.settled("query") if "query" in r}
            told = [text for text in none + some if "no_index" in found[text].get("findings", ())]
            self.assertEqual(told, some)
            reported = [text for text in none if {"no_index_used", "no_good_index_used"} & set(found[text].get("status_flags", ()))]
            self.assertGreater(len(reported), 2)  # the server's own flags stay as they are


class Times(unittest.TestCase):
    def test_a_client_that_does_not_read(self):
        with lab.Proxy() as proxy:
            db = connect(proxy, cursorclass=pymysql.cursors.SSCursor)
            c = db.cursor()
            c.execute("SELECT REPEAT('x', 1000000) FROM seq_1_to_40")
            first = c.fetchone()
            # the server can't go on: what was read does not change any more, however often one looks
            seen = []

            def stands():
                seen.append(proxy.counters()["bytes_received"])
                return len(seen) > 20 and len(set(seen[-20:])) == 1
            lab.wait_for(stands, "the backlog to be full")
            rows = 1 + len(c.fetchall())
            db.close()
            self.assertEqual((rows, len(first[0])), (40, 1000000))
            r = by_text(proxy.settled("query"), "REPEAT")[0]
            self.assertGreater(r["stall_us"], 0)
            self.assertLessEqual(r["stall_us"], r["stream_us"])
            self.assertLess(r["proxy_us"], r["duration_us"])

    def test_parts_make_the_whole(self):
        with lab.Proxy() as proxy:
            proxy_sql(proxy, "SELECT SLEEP(0.05)", "SELECT * FROM seq_1_to_100000")
            for r in proxy.settled("query"):
                if "server_us" in r:
                    parts = r["request_us"] + r["server_us"] + r["stream_us"]
                    self.assertLessEqual(abs(parts - r["duration_us"]), 3, r)
                    self.assertIn("proxy_us", r)  # it ends later than the last byte came, by its own writing
            self.assertGreater(by_text(proxy.settled("query"), "SLEEP")[0]["server_us"], 49000)


class Redaction(unittest.TestCase):
    def work(self, proxy):
        lab.server().sql("CREATE OR REPLACE TABLE shop.people (mail VARCHAR(50) PRIMARY KEY, n INT)")
        db = connect(proxy)
        c = db.cursor()
        c.execute("INSERT INTO people VALUES ('bob@example.org', 4711)")
        try:
            c.execute("INSERT INTO people VALUES ('bob@example.org', 4712)")
        except pymysql.err.IntegrityError:
            pass
        c.execute("SELECT mail, n FROM people WHERE mail = \"bob@example.org\" /* bob@example.org */")
        try:
            c.execute("SELECT 'bob@example.org' FROM FROM 4711")
        except pymysql.err.ProgrammingError:
            pass
        db.close()
        subprocess.run(["php", "-r", f"""$db = new mysqli('127.0.0.1', 'root', '', 'shop', {proxy.port});
            $s = $db->prepare('SELECT n FROM people WHERE mail = ? AND n = ?'); $m = 'bob@example.org'; $n = 4711;
            $s->bind_param('si', $m, $n); $s->execute(); $s->get_result();"""], check=False)

    def test_all(self):
        key = os.path.join(lab.FOLDER, "key")
        with open(key, "w") as f:
            f.write("0123456789abcdef")
        tokens = []
        for _ in range(2):
            with lab.Proxy("--log-redact", "all", "--log-redact-key", key, "--hex", "--log-rows", "5", "--profile-sample-bytes", "1") as proxy:
                self.work(proxy)
                proxy.settled()
                with open(proxy.log_path) as f:
                    log = f.read()
                pages = ("/records?n=1000", "/digests", "/births", "/debug/pprof/heap?debug=1")
                for place, text in [("log", log), *((page, text_of(proxy.admin(page))) for page in pages)]:
                    for value in ("bob@example", "'4711'", "VALUES ('bob", b"bob@example".hex()):
                        self.assertFalse(value in text, (place, value))
                insert = by_text(proxy.records("query"), "INSERT")[0]
                token = re.search(r"VALUES \('(redacted:[0-9a-f]{16})', '(redacted:[0-9a-f]{16})'\)", insert["query"])
                error = by_text(proxy.records("query"), "INSERT")[1]["error"]
                self.assertIn(f"Duplicate entry '{token[1]}' for key", error)
                select = by_text(proxy.records("query"), "SELECT mail")[0]
                self.assertIn(f"'{token[1]}'", select["query"])
                self.assertEqual(select["first_rows"], [[token[1], token[2]]])
                executed = [r for r in proxy.records("query") if r["command"] == "COM_STMT_EXECUTE"]
                if executed:
                    self.assertEqual(executed[0]["stmt_execute_values"], [token[1], token[2]])
                self.assertEqual(insert["digest_text"], "INSERT INTO `people` VALUES (...)")
                packets = [r for r in proxy.records("packet") if r.get("redacted") == ["literals", "values"]]
                shown = {(r["packet_name"], r.get("packet_bytes")) for r in packets}
                self.assertTrue({("COM_QUERY", "03"), ("OK", "00"), ("ERR", "ff26042332333030" + "30"), ("row", ""),
                                 ("column definition", ""), ("column count", "02")} <= shown, shown)
                if executed:
                    self.assertIn(("COM_STMT_EXECUTE", f"17{executed[0]['stmt_id'].to_bytes(4, 'little').hex()}0001000000"), shown)
                self.assertFalse(b"people".hex() in log)
                tokens.append(token[1])
        self.assertEqual(tokens[0], tokens[1])

    def test_tags(self):
        """They are of a comment, which goes; what joins it with its trace stays."""
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        with lab.Proxy("--log-redact", "literals") as proxy:
            proxy_sql(proxy, f"SELECT 'bob' /*user='bob',traceparent='{parent}'*/")
            r = by_text(proxy.settled("query"), "SELECT")[0]
            self.assertEqual(r["query"], f"SELECT '{r['tags']['user']}' /*redacted*/")
            self.assertEqual((r["tags"]["traceparent"], r["traceparent"]), (parent, parent))

    def test_a_key_of_its_own(self):
        found = set()
        for _ in range(2):
            with lab.Proxy("--log-redact", "literals") as proxy:
                proxy_sql(proxy, "SELECT 'x'")
                found |= set(re.findall("redacted:[0-9a-f]{16}", json.dumps(by_text(proxy.settled("query"), "SELECT"))))
        self.assertEqual(len(found), 2)

    def test_a_bad_key(self):
        short = os.path.join(lab.FOLDER, "short-key")
        with open(short, "w") as f:
            f.write("short")
        for path, message in ((short, "a key must have at least 16 bytes"), ("/nowhere/key", "No such file")):
            run = lab.querytap("proxy", "--log-redact", "all", "--log-redact-key", path, "-l", "127.0.0.1:0", "--admin", "off")
            self.assertEqual(run.returncode, 1)
            self.assertIn(message, str(run.stderr))


if __name__ == "__main__":
    unittest.main()
