"""Verdicts on the proxy's own memory: soaks of real statements, with and without a leak."""
import gzip
import json
import os
import subprocess
import unittest
import urllib.error
from xml.etree import ElementTree

import lab
import rawclient

TEXTS = ["SELECT 1", "SELECT 'two'", "SELECT 3 UNION SELECT 4", "SET @a = 5", "SELECT REPEAT('x', 300)", "SELECT * FROM nowhere"]


class Soak:
    """A proxy, and rounds of the same statements through it."""

    def __init__(self, sample="1", interval="10"):
        self.proxy = lab.Proxy("--profile-interval-ms", interval, "--profile-sample-bytes", sample)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.proxy.stop()

    def stages(self):
        return json.loads(self.proxy.admin("/stages?format=json"))

    def readings(self):
        return json.loads(self.proxy.admin("/verdicts?format=json"))["readings"]

    def round(self, statements, more=()):
        """Statements on one connection; then a pause in which readings without a session are taken."""
        text = ";\n".join(TEXTS[i % len(TEXTS)] for i in range(statements)) + ";\n" + "".join(t + ";\n" for t in more)
        subprocess.run(["mariadb", "--no-defaults", "--skip-ssl", "-f", "-h127.0.0.1", f"-P{self.proxy.port}", "-uroot"],
                       input=text.encode(), capture_output=True, check=False)
        self.proxy.idle()
        before = self.readings()
        lab.wait_for(lambda: self.readings() >= before + 2, "two readings without a session")

    def asked(self):
        """`querytap heap verdicts`, which ends with 1 if memory rises."""
        return subprocess.run([lab.BINARY, "heap", "verdicts", "--admin", self.proxy.admin_addr], capture_output=True, text=True)

    def verdicts(self):
        return {v["stage"]: v for v in json.loads(self.proxy.admin("/verdicts?format=json"))["verdicts"]}

    def plant(self, stage, size, every, per="statement"):
        try:
            self.proxy.post(f"/plant?stage={stage}&bytes={size}&every={every}&per={per}")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                raise unittest.SkipTest("needs a build with --enable-planted-leaks: script/test --long planted") from error
            raise


def leaks(verdicts):
    """The stages that leak, which all forms of the answer agree on."""
    rising = {stage for stage, v in verdicts.items() if v["bytes"] == "RISES" and stage != "process"}
    assert rising == {stage for stage, v in verdicts.items() if v["verdict"] == "LEAK"}, verdicts
    assert (verdicts["process"]["bytes"] == "RISES") == bool(rising), verdicts["process"]
    for v in verdicts.values():
        assert ("Not a leak" in v["sentence"] or "Not called a leak" in v["sentence"]) == (v["bytes"] in ("FLAT", "FILLING", "LEVELS OFF")), v
        assert v["sentence"].startswith("A leak: ") == (v["bytes"] == "RISES"), v
        assert v["sentence"].startswith("Can't tell yet: ") == (v["bytes"] == "CAN'T TELL YET"), v
    return rising


class Growth(unittest.TestCase):
    def soak(self, rounds, sample):
        """@return how many predictions there were, and how many held."""
        held = all_of_them = 0
        with Soak(sample=sample) as soak:
            for _ in range(rounds):
                soak.round(30)
                verdicts = soak.verdicts()
                self.assertEqual(leaks(verdicts), set(), verdicts)
                self.assertEqual(soak.asked().returncode, 0)
                for verdict in verdicts.values():
                    if "births_expected" in verdict:
                        all_of_them += 1
                        held += verdict["births_low"] <= verdict["births"] <= verdict["births_high"]
        return all_of_them, held

    def test_the_same_work_is_no_leak(self):
        # A window's prediction leans on the ones before it, so misses come in clusters: a few soaks say less than many.
        soaks, share = (50, 0.95) if os.environ.get("QUERYTAP_LONG") else (3, 0.85)
        predictions = held = 0
        for i in range(soaks):
            more, right = self.soak(30, ["512", "4K", "16K"][i % 3])
            predictions, held = predictions + more, held + right
        print(f"# {soaks} soaks of 30 rounds: no leak; {held} of {predictions} predictions of births held")
        self.assertGreater(predictions, 20 * soaks)
        self.assertGreaterEqual(held, share * predictions)

    def test_a_new_kind_of_statement_is_named(self):
        with Soak() as soak:
            for _ in range(15):
                soak.round(30)
            self.assertNotEqual(soak.verdicts()["process"]["verdict"], "NEW-PATH")
            # values of another size, and a text of its own: other ways through the dissector and the journal
            more = ["PREPARE s FROM 'SELECT ?, ?'", "SET @x = REPEAT('y', 20000)", "EXECUTE s USING @x, @x",
                    "SELECT REPEAT('z', 70000) /* the new kind */", "USE information_schema", "SELECT /* wide */ " + "1, " * 3000 + "1"]
            soak.round(30, more)
            found = [v for v in soak.verdicts().values() if v["verdict"] == "NEW-PATH"]
            self.assertTrue(found, soak.verdicts())
            self.assertTrue(any("PREPARE s" in v["sentence"] or "the new kind" in v["sentence"] or "wide" in v["sentence"]
                                or "USE info" in v["sentence"] or "SET @x" in v["sentence"] for v in found), found)

    def planted(self, stage, size, every, per_round, rounds, sample):
        with Soak(sample=sample) as soak:
            for _ in range(5):
                soak.round(per_round)
            soak.plant(stage, size, every)
            begin = soak.stages()["statements"]
            for _ in range(rounds):
                soak.round(per_round)
                verdicts = soak.verdicts()
                if leaks(verdicts):
                    break
            self.assertEqual(leaks(verdicts), {stage}, verdicts)
            lab.wait_for(lambda: soak.round(per_round) or soak.verdicts()[stage]["place"] == "known", "the place")
            verdicts = soak.verdicts()
            self.assertEqual(leaks(verdicts), {stage}, verdicts)
            asked = soak.asked()
            self.assertEqual(asked.returncode, 1)
            self.assertRegex(asked.stdout, rf"(?m)^{stage} +RISES ")
            sentence = verdicts[stage]["sentence"]
            self.assertIn("allocated in leak_injection_on_event", sentence)
            print(f"# {size} bytes each {every} statements in {stage}: told after {soak.stages()['statements'] - begin} "
                  f"statements: {sentence}")
            return sentence

    def test_planted_leaks_are_found(self):
        sizes = (16, 100, 4096)
        for size in sizes:
            sentence = self.planted("dissect", size, 1, 30, 90, "1")
            self.assertIn("first made during COM_QUERY", sentence)
        self.planted("session", 1000, 100, 200, 90, "512K")  # nothing of it is sampled at that rate

    def test_a_slow_rise_is_told_but_not_called_a_leak(self):
        with Soak(interval="20") as soak:
            soak.plant("journal", 16, 64)
            verdict = {}
            for _ in range(60):
                soak.round(400)
                verdict = soak.verdicts()["journal"]
                self.assertEqual(leaks(soak.verdicts()), set(), verdict)
                if "less than the bound" in verdict["sentence"]:
                    break
            self.assertIn("Not called a leak: live memory rises by 0.2", verdict["sentence"])
            self.assertEqual(verdict["bytes"], "FLAT")

    def test_statements_that_are_never_closed_are_the_application_s(self):
        with Soak(sample="512K", interval="20") as soak:
            client = rawclient.RawClient(soak.proxy.port)
            other = rawclient.RawClient(soak.proxy.port)
            other.prepare("SELECT 'one'")
            for n in range(20000):
                client.execute(client.prepare(f"SELECT ?, {n}"), n)
                if n % 200 == 0 and soak.verdicts()["dissect"]["bytes"] == "FILLING":
                    break
            answer = json.loads(soak.proxy.admin("/verdicts?format=json"))
            verdict = {v["stage"]: v for v in answer["verdicts"]}["dissect"]
            self.assertEqual((verdict["bytes"], verdict.get("store")), ("FILLING", "prepared statements"), verdict)
            self.assertIn("the application does not close its prepared statements", verdict["sentence"])
            self.assertEqual([h["statements"] for h in answer["holders"]], [n + 1, 1], answer["holders"])
            self.assertEqual(answer["holders"][0]["username"], "root")
            self.assertEqual(answer["open_statements"], n + 2)
            text = soak.proxy.admin("/verdicts").decode()
            self.assertRegex(text, rf"session {answer['holders'][0]['conn_id']}, root from \S+: {n + 1} statements, \d+ bytes")
            client.quit()
            other.quit()

    def test_a_new_shape_every_now_and_then_is_no_leak(self):
        with Soak(sample="512K", interval="20") as soak:
            said = set()
            for n in range(40):
                soak.round(60, [f"SELECT 1 AS only_here_{n}, {', '.join('1' * (n % 7 + 1))} AS t"])
                self.assertEqual(leaks(soak.verdicts()), set())
                said.add(soak.verdicts()["digest"]["bytes"])
            self.assertIn("FILLING", said)
            self.assertIn("of 1", soak.verdicts()["digest"]["sentence"])

    def test_sessions_without_statements_leak_too(self):
        with Soak(sample="512K", interval="20") as soak:
            soak.plant("session", 256, 1, "session")
            verdicts = {}
            for _ in range(3000):
                client = rawclient.RawClient(soak.proxy.port)
                client.close()
                verdicts = soak.verdicts()
                if verdicts["session"].get("place") == "known":
                    break
            self.assertEqual(leaks(verdicts), {"session"}, verdicts)
            self.assertIn("allocated in leak_injection_on_event", verdicts["session"]["sentence"])

    def test_all_pages_say_the_same(self):
        with Soak(interval="20") as soak:
            soak.plant("frame", 64, 1)
            for _ in range(60):
                soak.round(50)
                if leaks(soak.verdicts()):
                    break
            verdict = soak.verdicts()["frame"]
            stages = {s["stage"]: s for s in soak.stages()["stages"]}
            for key in ("verdict", "bytes", "records_verdict"):
                self.assertEqual(stages["frame"][key], verdict[key])
            self.assertRegex(soak.proxy.admin("/stages").decode(), rf"(?m)^frame .*  RISES, {verdict['records_verdict']}$")
            self.assertRegex(soak.proxy.admin("/verdicts").decode(), rf"(?m)^frame +RISES +{verdict['records_verdict']} +A leak: live memory rises by 64 bytes")
            self.assertIn(f"frame: RISES, {verdict['records_verdict']}: A leak: ".encode(), gzip.decompress(soak.proxy.admin("/debug/pprof/heap")))

    @unittest.skipUnless(os.environ.get("QUERYTAP_LONG"), "takes long: script/test --long")
    def test_planted_leaks_that_are_rare_are_found(self):
        for size in (16, 100, 4096):
            self.planted("journal", 20 * size, 200, 2000, 60, "512K")


class SoakPicture(unittest.TestCase):
    def draw(self, rows):
        path = os.path.join(lab.FOLDER, "stages.csv")
        with open(path, "w", encoding="utf-8") as f:
            f.write("round,stage,count_alloc,count_free,current_count_used,current_number_of_bytes_used,records,verdict\n")
            f.writelines(f"{number},{stage},9,9,0,{held},{records},STABLE\n" for number, stage, held, records in rows)
        return subprocess.run([os.path.join(lab.TOP, "script", "soak-stages"), path], capture_output=True, check=False)

    def test_each_stage_is_drawn(self):
        rows = [row for n in range(1, 5)
                for row in ((n, "dissect", 0, 3 + n // 2), (n, "journal", n * (3 << 20), 1), (n, "settings", 0, 0))]
        done = self.draw(rows)
        self.assertEqual(done.returncode, 0, done.stderr)
        picture = ElementTree.fromstring(done.stdout)
        texts = [t.text for t in picture.iter("{http://www.w3.org/2000/svg}text")]
        for words in ("dissect", "journal", "allocation records", "5", "12 MiB", "0 B", "round 1", "4"):
            self.assertIn(words, texts)
        self.assertNotIn("settings", texts)  # nothing to see: only named below
        self.assertIn("Without records and without live bytes throughout: settings.", texts)
        curves = [p.get("d") for p in picture.iter("{http://www.w3.org/2000/svg}path") if p.get("fill") == "none"]
        self.assertEqual(len(curves), 4)
        steps = curves[3].split("V")  # the journal's bytes: up by the same with each round
        self.assertEqual(len(steps), 4, curves[3])

    def test_nothing_to_draw_is_told(self):
        done = self.draw([])
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"has no rounds", done.stderr)


if __name__ == "__main__":
    unittest.main()
