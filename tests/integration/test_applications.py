"""Small applications of several stacks (the folder apps), and what is reported of them: loops over rows, over the connections of a pool too,
writes for each row, repeats; and of what looks like them, nothing. One of the long tests."""
import datetime
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import unittest

import lab

TRIES = 5
# Loops and repeats end with a pause. On a busy machine a program may pause for that long: then it is run again.
PAUSE_S = 0.4

APPS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "apps")
# What is to be reported of each scenario: events with the table and the number of statements, and how many statements are duplicates.
COMMON = {
    "lazy": ([("n_plus_one", "app_comment", 20)], 0),
    "preloaded": ([], 0),
    "batches": ([], 0),
    "updates": ([("write_loop", "app_post", 15)], 0),
    "inserts": ([("write_loop", "app_comment", 12)], 0),
    "again": ([], 5),
}


def has_mysql2():
    return shutil.which("node") is not None and os.path.isdir(os.path.join(os.environ["NODE_PATH"], "mysql2"))


class Application:
    """Subclasses name the program and its scenarios."""
    program = []
    scenarios = {}

    @classmethod
    def setUpClass(cls):
        lab.server().sql(
            "CREATE OR REPLACE TABLE app_author (id INT PRIMARY KEY, name VARCHAR(40));"
            "CREATE OR REPLACE TABLE app_post (id INT PRIMARY KEY, title VARCHAR(40), author_id INT);"
            "CREATE OR REPLACE TABLE app_comment (id INT PRIMARY KEY AUTO_INCREMENT, post_id INT, body VARCHAR(40), KEY (post_id));"
            "INSERT INTO app_author SELECT 300 + seq, CONCAT('author ', seq) FROM seq_1_to_12;"
            "INSERT INTO app_post SELECT 1000 + seq, CONCAT('post ', seq), 301 + seq * 5 % 12 FROM seq_0_to_59;"
            "INSERT INTO app_comment (post_id, body) SELECT 1000 + seq % 60, 'x' FROM seq_1_to_150", "shop")

    def run_once(self, scenario):
        """The records of one run."""
        with lab.Proxy() as proxy:
            run = subprocess.run([*self.program, str(proxy.port), scenario], capture_output=True, text=True, timeout=lab.PATIENCE_S)
            self.assertEqual(run.returncode, 0, run.stderr)
            proxy.idle()
            proxy.stop()  # it writes what it was still waiting for
            return proxy.records()

    @staticmethod
    def longest_pause(records):
        begins = sorted((datetime.datetime.fromisoformat(r["ts"].replace("Z", "+00:00")).timestamp(), r["duration_us"] / 1e6)
                        for r in records if r["event"] == "query")
        return max((after[0] - before[0] - before[1] for before, after in zip(begins, begins[1:])), default=0)

    def reported(self, scenario):
        for _ in range(TRIES):
            records = self.run_once(scenario)
            if self.longest_pause(records) < PAUSE_S:
                break
        else:
            self.skipTest("the machine is too busy")
        events = [(r["event"], re.search(r"\b(?:FROM|INTO|UPDATE) `?(\w+)", r["digest_text"])[1], r["repeated"])
                  for r in records if r["event"] in ("n_plus_one", "write_loop")]
        return events, sum("duplicate" in r.get("findings", ()) for r in records)

    def test_scenarios(self):
        for scenario, expected in self.scenarios.items():
            with self.subTest(scenario):
                self.assertEqual(self.reported(scenario), expected)


@unittest.skipUnless(lab.LONG, "it is one of the long tests")
class Sqlalchemy(Application, unittest.TestCase):
    program = [sys.executable, os.path.join(APPS, "blog_sqlalchemy.py")]
    scenarios = {**COMMON, "threads": ([("n_plus_one", "app_comment", 24)], 0)}

    @unittest.skipUnless(importlib.util.find_spec("sqlalchemy"), "python3-sqlalchemy is not installed")
    def test_scenarios(self):
        super().test_scenarios()


@unittest.skipUnless(lab.LONG, "it is one of the long tests")
@unittest.skipUnless(shutil.which("php"), "php-cli is not installed")
class Php(Application, unittest.TestCase):
    program = ["php", os.path.join(APPS, "blog.php")]
    scenarios = {**COMMON, "requests": ([], 0)}


@unittest.skipUnless(lab.LONG, "it is one of the long tests")
@unittest.skipUnless(has_mysql2(), "Node's drivers are not installed: script/node-drivers")
class Node(Application, unittest.TestCase):
    program = ["node", os.path.join(APPS, "blog.js")]
    scenarios = {**COMMON, "at_once": ([("n_plus_one", "app_comment", 24)], 0), "visitors": ([], 0)}
