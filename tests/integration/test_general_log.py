"""What is logged is what the server executed: compared with its general log."""
import os
import unittest

import compare_general_log
import lab

SLAP = ["mariadb-slap", "--no-defaults", "--skip-ssl", "-h127.0.0.1", "--protocol=TCP", "-uroot", "--concurrency=50",
        "--iterations=10", "--engine=innodb", "--auto-generate-sql", "--auto-generate-sql-add-autoincrement",
        "--auto-generate-sql-load-type=mixed", "--auto-generate-sql-write-number=100", "--number-of-queries=1000"]


class GeneralLog(unittest.TestCase):
    def through_proxy(self, *argv):
        server = lab.server()
        server.sql("SET GLOBAL general_log=0")
        if os.path.exists(server.general_log):
            os.truncate(server.general_log, 0)
        server.sql("SET GLOBAL general_log=1")
        try:
            with lab.Proxy() as proxy:
                done = lab.run(*[a.replace("PORT", str(proxy.port)) for a in argv])
                self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
                proxy.settled()
                counters = proxy.counters()
        finally:
            server.sql("SET GLOBAL general_log=0; FLUSH GENERAL LOGS")
        self.assertEqual(counters["log_dropped"], 0)
        comparison = compare_general_log.Comparison(proxy.log_path, server.general_log)
        self.assertEqual(comparison.differences, [])
        equal = sum(n for kind, n in comparison.counts.items() if kind.startswith("equal "))
        return comparison.counts["connections"], equal

    def test_slap(self):
        connections, commands = self.through_proxy(*SLAP, "-PPORT")
        self.assertGreaterEqual(commands, 10 * 1000)
        print(f"# {connections} connections, {commands} commands compared")

    def test_prepared(self):
        lab.server().sql("CREATE OR REPLACE TABLE sbtest1 (id INT PRIMARY KEY AUTO_INCREMENT, k INT NOT NULL DEFAULT 0,"
                         "c CHAR(120) NOT NULL DEFAULT '', pad CHAR(60) NOT NULL DEFAULT '')", "shop")
        connections, commands = self.through_proxy(
            "sysbench", "--mysql-host=127.0.0.1", "--mysql-port=PORT", "--mysql-user=root", "--mysql-db=shop",
            "--mysql-ssl=off", "--tables=1", "--table-size=100", "--threads=4", "--events=200", "--time=30",
            "--db-ps-mode=auto", "--skip-trx=off", "oltp_read_only", "run")
        self.assertGreater(commands, 200)


if __name__ == "__main__":
    unittest.main()
