"""Digests are MySQL's: the same statements have the same ones, of those in MariaDB's test suite that MySQL 9 can parse."""
import collections
import glob
import os
import re
import subprocess
import unittest

import pymysql

import lab

SUITE = "/usr/share/mysql/mysql-test/main"
LISTED = 12
KINDS = ("select insert update delete replace create alter drop show set with explain call do truncate begin commit grant load analyze "
         "prepare execute").split()


def statements(limit):
    """Of the test files, those without variables and other delimiters, each once."""
    found = {}
    for path in sorted(glob.glob(os.path.join(SUITE, "*.test"))):
        with open(path, encoding="latin-1") as f:
            text = f.read()
        if "delimiter" in text.lower() or not text.isascii():
            continue
        text = "\n".join(line for line in text.split("\n") if not re.match(r"\s*(#|--|let |eval |source |connect|disconnect)", line))
        for statement in text.split(";"):
            statement = statement.strip()
            if statement.lower().startswith(tuple(k + " " for k in KINDS)) and len(statement) < 900 and "$" not in statement:
                found[statement] = True
        if len(found) >= limit:
            break
    return list(found)[:limit]


def ours(texts):
    run = subprocess.run([lab.BINARY, "digest", "--null"], input="\0".join(texts).encode() + b"\0", capture_output=True, check=True)
    return [line.split("  ", 1) for line in run.stdout.decode().split("\0")[:-1]]


class AgainstMySQL(unittest.TestCase):
    def test_the_same_groups(self):
        if lab.mysql9_root() is None:
            self.skipTest("MySQL 9 is not installed: script/mysql9")
        texts = statements(40000 if lab.LONG else 4000)
        if len(texts) < 2000:
            self.skipTest("mariadb-test is not installed: script/bootstrap --for=test-long")
        server = lab.Mysql9()
        self.addCleanup(server.stop)
        db = pymysql.connect(host="127.0.0.1", port=server.port, user="pw", password="secret", database="shop")
        theirs = {}
        for text in texts:
            cursor = db.cursor()
            try:
                cursor.execute("SELECT STATEMENT_DIGEST_TEXT(%s)", (text,))
                theirs[text] = cursor.fetchone()[0]
            except pymysql.err.Error:
                pass  # MySQL 9 can't parse it
        compared = list(theirs)
        digests = dict(zip(compared, ours(compared)))
        groups, our_groups = collections.defaultdict(set), collections.defaultdict(set)
        different = []
        for text in compared:
            groups[theirs[text]].add(digests[text][0])
            our_groups[digests[text][0]].add(theirs[text])
            if theirs[text] != digests[text][1]:
                different.append(text)
        split = [g for g, names in groups.items() if len(names) > 1]
        joined = [g for g, names in our_groups.items() if len(names) > 1]
        print(f"# {len(texts)} statements, {len(compared)} that MySQL 9 parses: {len(groups)} digests of MySQL's, {len(our_groups)} of ours; "
              f"{len(split)} of MySQL's are several of ours, {len(joined)} of ours several of MySQL's; {len(different)} texts differ")
        for text in different[:LISTED]:
            print(f"#     {text[:120]!r}\n#         {theirs[text][:160]}\n#         {digests[text][1][:160]}")
        self.assertGreaterEqual(len(compared), 2000)
        # MySQL cuts a digest at 1,024 bytes of tokens, we at 4,096 of text: of long statements, it joins what differs later
        for text in split:
            self.assertTrue("..." in text or "NULL" in text or text == "ALTER SCHEMA DEFAULT CHARACTER SET `latin2`", text)
        self.assertEqual(joined, [])
        self.assertLess(len(different), len(compared) / 200)


if __name__ == "__main__":
    unittest.main()
