"""Where records go: several logs at once, rotation under load, syslog."""
import glob
import gzip
import json
import os
import shutil
import socket
import threading
import unittest

import lab
from rawclient import RawClient, Refused


def work(proxy, clients, statements):
    """Each client runs its numbered statements."""
    def one(number):
        c = RawClient(proxy.port)
        for i in range(statements):
            c.query(f"SELECT {number}, {i}")
        c.quit()
    threads = [threading.Thread(target=one, args=(n,)) for n in range(clients)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    proxy.idle()


def log_counts(proxy, i):
    return proxy.counters()["logs"][i]


class Rotation(unittest.TestCase):
    def files(self, path):
        return [*sorted(glob.glob(glob.escape(path) + ".2*")), path]

    def read(self, path):
        """All files of a log, in order, as one list of records; each file of whole lines. None while files are turned or packed."""
        names, text = self.files(path), b""
        if any(name.endswith(".tmp") for name in names):
            return None
        for name in names:
            try:
                with (gzip.open if name.endswith(".gz") else open)(name, "rb") as f:
                    part = f.read()
            except FileNotFoundError:
                return None
            self.assertTrue(part == b"" or part.endswith(b"\n"), name)
            text += part
        if any(not name.endswith(".gz") for name in names[:-1]) or self.files(path) != names:
            return None
        return [json.loads(line) for line in text.splitlines()]

    def read_to_the_end(self, path, sessions):
        records = self.read(path)
        return records if records and sum(r["event"] == "disconnect" for r in records) == sessions else None

    def test_under_load(self):
        """Each record is in the files once, and those of a session are in order."""
        with lab.Proxy("--log-format", "json", "--log-rotate-bytes", "64K", "--log-rotate-compress", "--log-when-full", "block",
                       "--workers", "2") as proxy:
            work(proxy, 16, 300)
            records = lab.wait_for(lambda: self.read_to_the_end(proxy.log_path, 16), "the last records, packed")
            counts = log_counts(proxy, 0)
            self.assertGreater(counts["rotations"], 10)
            self.assertEqual((counts["dropped"], counts["errors"]), (0, 0))
            self.assertEqual(len(records), counts["records"])
        by_session = {}
        for r in records:
            by_session.setdefault(r["conn_id"], []).append(r)
        self.assertEqual(len(by_session), 16)
        for found in by_session.values():
            numbers = [int(r["query"].split()[-1]) for r in found if r.get("command") == "COM_QUERY"]
            self.assertEqual(numbers, list(range(300)))
            self.assertEqual(found[-1]["event"], "disconnect")
        for path in [proxy.log_path, *glob.glob(glob.escape(proxy.log_path) + ".2*")]:
            self.assertLessEqual(os.path.getsize(path), 64 * 1024)

    def test_taken_away(self):
        """A log file that was renamed without a signal: the next records are in a new one."""
        with lab.Proxy("--log-format", "json") as proxy:
            c = RawClient(proxy.port)
            c.query("SELECT 1")
            proxy.wait_record(lambda r: r.get("query") == "SELECT 1", "the first record")
            os.rename(proxy.log_path, proxy.log_path + ".old")

            def is_there():
                c.query("SELECT 2")
                return os.path.exists(proxy.log_path)
            lab.wait_for(is_there, "a new file")
            lab.wait_for(lambda: b"was reopened" in proxy.stderr(), "that to be said")
            c.quit()
            proxy.idle()

    def test_hook(self):
        told = os.path.join(lab.FOLDER, "told")
        hook = os.path.join(lab.FOLDER, "hook")
        with open(hook, "w") as f:
            f.write(f"#!/bin/sh\necho \"$1\" >>{told}\n")
        os.chmod(hook, 0o755)
        with lab.Proxy("--log-format", "json", "--log-rotate-bytes", "32K", "--log-rotate-hook", hook, "--log-rotate-keep", "1000") as proxy:
            work(proxy, 2, 200)
            lab.wait_for(lambda: log_counts(proxy, 0)["rotations"] > 2, "rotations")
            # the log is written after the statements are answered, and may rotate meanwhile
            lab.wait_for(lambda: os.path.exists(told) and sorted(open(told).read().splitlines())
                         == sorted(glob.glob(glob.escape(proxy.log_path) + ".2*")), "the hook, once for each file")


class Several(unittest.TestCase):
    def test_file_and_syslog(self):
        """Three logs, each with its format and filter; a message is a record; the daemon may go away and come back."""
        folder = os.path.join(lab.FOLDER, "several")
        os.makedirs(folder)
        slow, at = os.path.join(folder, "slow.log"), os.path.join(folder, "socket")

        def serve():
            if os.path.exists(at):
                os.unlink(at)
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.bind(at)
            s.settimeout(lab.PATIENCE_S)
            return s
        daemon = serve()
        config = os.path.join(folder, "querytap.cfg")
        with open(config, "w") as f:
            f.write(f'logs = ( {{ file = "{slow}"; format = "slow"; filter = {{ command = "query"; pattern = "slowly"; }}; }},\n'
                    f'  {{ file = "syslog:{at}"; filter = {{ errors = "1"; }}; syslog_facility = "local3"; }} );\n')
        with lab.Proxy("-c", config) as proxy:
            c = RawClient(proxy.port)
            c.query("SELECT 1")
            c.query("SELECT 'slowly'")
            self.assertRaises(Refused, c.query, "SELECT * FROM nowhere")
            message = daemon.recv(65536)
            self.assertTrue(message.startswith(b"<158>"), message)
            record = json.loads(message[message.index(b"{"):])
            self.assertEqual((record["query"], record["errno"]), ("SELECT * FROM nowhere", 1146))
            daemon.close()
            self.assertRaises(Refused, c.query, "SELECT * FROM nowhere2")
            lab.wait_for(lambda: log_counts(proxy, 2)["errors"] > 0, "a failed message")
            daemon = serve()
            self.assertIn(b"nowhere2", daemon.recv(65536))
            c.quit()
            lab.wait_for(lambda: log_counts(proxy, 1)["records"] == 1, "the slow one")
            records = proxy.settled()
            lab.wait_for(lambda: all(log_counts(proxy, i)["records"] + log_counts(proxy, i)["filtered"] == len(records) for i in range(3)),
                         "all to be counted")
            self.assertEqual(log_counts(proxy, 2)["dropped"], 0)
            self.assertEqual([log["file"] for log in proxy.counters()["logs"]], [proxy.log_path, slow, f"syslog:{at}"])
            self.assertEqual(len(proxy.json("/settings")["logs"]), 2)
        with open(slow) as f:
            self.assertIn("SELECT 'slowly'", f.read())
        daemon.close()

    def test_wrong_settings(self):
        path = os.path.join(lab.FOLDER, "wrong.cfg")
        for text, word in (('log = { file = "a"; };\nlogs = ( { file = "a"; } );', "same file"),
                           ('logs = ( { format = "json"; } );', "lacks the setting 'file'"),
                           ('logs = (\n{ file = "a";\nrotate_keep = 1000000; } );', ":3: setting 'logs[1].rotate_keep' must be from 0 to 100000"),
                           ('logs = ( { file = "a"; ring_bytes = 1; } );', "unknown setting 'ring_bytes'"),
                           ('logs = { file = "a"; };', "must be a list of groups"),
                           ("logs = (" + ",".join(f'{{ file = "{i}"; }}' for i in range(8)) + ");", "more than 7"),
                           ('log = { disk_bytes = "1M"; file = "a"; };', "requires rotate_bytes"),
                           ('log = { rotate_bytes = "1M"; };', "only a file can be rotated"),
                           ('logs = ( { file = "syslog:"; format = "slow"; } );', "one line")):
            with open(path, "w") as f:
                f.write(text)
            done = lab.querytap("config", "check", path)
            self.assertEqual(done.returncode, 2, text)
            self.assertIn(word, done.stderr.decode(), text)

    def test_folder_removed(self):
        """A log whose folder is removed: records wait until there is a folder again, and none goes into the removed file."""
        folder = os.path.join(lab.FOLDER, "gone")
        path, config = os.path.join(folder, "q.log"), os.path.join(lab.FOLDER, "gone.cfg")
        os.makedirs(folder)
        with open(config, "w") as f:
            f.write(f'logs = ( {{ file = "{path}"; format = "json"; rotate_bytes = "1M"; rotate_hook = "/nowhere/hook"; }} );\n')
        with lab.Proxy("-c", config) as proxy:
            self.assertIn(b"log.rotate_hook /nowhere/hook can't be run", proxy.stderr())
            c = RawClient(proxy.port)
            c.query("SELECT 'before'")
            lab.wait_for(lambda: "before" in open(path).read(), "the first record")
            shutil.rmtree(folder)
            n = 0

            def is_noticed():
                nonlocal n
                n += 1
                c.query(f"SELECT 'after', {n}")
                return b"q.log: No such file or directory" in proxy.stderr()
            lab.wait_for(is_noticed, "the removal to be noticed")
            c.query("SELECT 'kept'")
            os.makedirs(folder)
            lab.wait_for(lambda: os.path.exists(path) and "kept" in open(path).read(), "the log to be created again")
            self.assertIn(f"'after', {n}", open(path).read())
            self.assertEqual(log_counts(proxy, 1)["dropped"], 0)
            c.quit()
            proxy.idle()

    def test_config_print(self):
        """What is printed is read back the same."""
        path = os.path.join(lab.FOLDER, "round.cfg")
        with open(path, "w") as f:
            f.write('logs = ( { file = "a \\"b\\""; rotate_bytes = "1M"; rotate_compress = true; filter = { user = "x"; errors = "1"; }; },\n'
                    '{ file = "journald:"; verbose = true; } );')
        once = lab.querytap("config", "print", "-c", path).stdout
        with open(path, "wb") as f:
            f.write(once)
        again = lab.querytap("config", "print", "-c", path)
        self.assertEqual((again.returncode, again.stderr), (0, b""))
        self.assertEqual(once, again.stdout)
        self.assertIn(b'filter = { user = "x"; errors = "1"; }; }', once)


if __name__ == "__main__":
    unittest.main()
