"""The recipes of doc/testing.md, each with a small project in tests/recipes behind querytap run: green at first; with an N+1 in its code the
run fails and names the test and, where the framework can tell it, the line; a contract shows what has changed."""
import json
import os
import re
import shutil
import subprocess
import unittest

import lab

RECIPES = os.path.join(lab.TOP, "tests", "recipes")
MODULES = os.path.join(lab.CACHE, "recipes", "node_modules")


def has(*argv):
    return shutil.which(argv[0]) is not None and subprocess.run(argv, capture_output=True).returncode == 0


@unittest.skipUnless(lab.LONG, "a long test: --long")
class Recipes(unittest.TestCase):
    def run_suite(self, *command, plant=False, more=(), env=None):
        environment = dict(os.environ, DB_USER="root", DB_PASSWORD="", DSN="root@tcp(127.0.0.1:1)/shop", **(env or {}))
        if plant:
            environment["PLANT"] = "1"
        report = os.path.join(self.folder, "report.json")
        # the tests fill tables in loops, which is no finding here
        done = subprocess.run([lab.BINARY, "run", "-r", f"127.0.0.1:{lab.server().port}", "--findings", "n_plus_one", "--env", "DB_HOST={host}",
                               "--env", "DB_PORT={port}", "--env", "DSN=root@tcp({host}:{port})/shop", "--json", report, *more,
                               "--", *command], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=5 * lab.PATIENCE_S)
        with open(report) as f:
            return done, json.load(f)

    def check(self, name, command, scope, place=None, env=None):
        self.folder = os.path.join(lab.FOLDER, "recipe-" + name)
        shutil.copytree(os.path.join(RECIPES, name), self.folder)
        contract = os.path.join(self.folder, "queries.contract")
        done, _ = self.run_suite(*command, more=("--contract", contract, "--update"), env=env)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done, report = self.run_suite(*command, more=("--contract", contract), env=env)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(scope, json.dumps(report))
        with open(contract) as f:
            before = f.read().splitlines()
        done, report = self.run_suite(*command, plant=True, env=env)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("n_plus_one", done.stderr)
        self.assertIn(scope, done.stderr)
        if place:
            self.assertRegex(done.stderr, place)
        self.run_suite(*command, plant=True, more=("--contract", contract, "--update"), env=env)
        with open(contract) as f:
            changed = set(f.read().splitlines()) ^ set(before)
        self.assertTrue(any(re.search(r"\t8\t.*author", line, re.I) for line in changed), changed)
        self.assertLess(len(changed), 8, changed)  # the statements of the loop, and the one that they replace

    @unittest.skipUnless(has("/usr/bin/python3", "-c", "import django, pytest_django, MySQLdb"), "needs Django and pytest-django")
    def test_django(self):
        line = 1 + next(n for n, text in enumerate(open(os.path.join(RECIPES, "django", "shop", "catalogue.py"))) if "book.author.name" in text)
        self.check("django", ["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider"], "tests/test_catalogue.py::test_lines",
                   rf"catalogue\.py:{line}\b")

    @unittest.skipUnless(has("phpunit", "--version"), "needs PHPUnit")
    def test_phpunit(self):
        line = 1 + next(n for n, text in enumerate(open(os.path.join(RECIPES, "phpunit", "src", "Catalogue.php"))) if "SELECT name" in text)
        self.check("phpunit", ["phpunit", "--do-not-cache-result", "tests"], "CatalogueTest::testLines", rf"Catalogue\.php:{line}\b")

    @unittest.skipUnless(has("ruby", "-e", "require 'active_record'; require 'mysql2'; require 'minitest'"), "needs ActiveRecord and minitest")
    def test_minitest(self):
        self.check("minitest", ["ruby", "catalogue_test.rb"], "CatalogueTest#test_lines")

    @unittest.skipUnless(os.path.isdir(MODULES), "needs script/node-drivers --long")
    def test_node(self):
        self.check("node", ["node", "--test", "catalogue.test.cjs"], "lines", env={"NODE_PATH": MODULES})

    @unittest.skipUnless(has("go", "version"), "needs Go")
    def test_go(self):
        self.check("go", ["go", "test", "-count=1", "."], "TestLines",
                   env={"GOPATH": "/usr/share/gocode", "GO111MODULE": "off", "GOCACHE": os.path.join(lab.FOLDER, "gocache")})


if __name__ == "__main__":
    unittest.main()
