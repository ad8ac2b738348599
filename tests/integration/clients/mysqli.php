<?php
// mysqli with its own driver (mysqlnd): text and prepared statements. php mysqli.php PORT; prints what it saw, as JSON.
mysqli_report(MYSQLI_REPORT_OFF);
$m = new mysqli('127.0.0.1', 'root', '', 'shop', (int)$argv[1]);
$seen = [];
$note = function ($what) use (&$seen, $m) {
    $seen[] = is_object($what) ? $what->fetch_all() : [$what, $m->affected_rows, $m->errno, $m->sqlstate];
};
$all = function () use (&$seen, $m) {
    do {
        $r = $m->store_result();
        $seen[] = $r ? $r->fetch_all() : [$m->affected_rows, $m->errno];
    } while ($m->more_results() && $m->next_result());
};

// text
$note($m->query("CREATE OR REPLACE TABLE types (id INT PRIMARY KEY AUTO_INCREMENT, a BIGINT, b VARCHAR(50), c DOUBLE,"
    . " d DATETIME, e BLOB) CHARACTER SET utf8mb4"));
$note($m->set_charset('utf8mb4'));
$note($m->query("SELECT 1, 'zwei', NULL"));
$note($m->query("INSERT INTO types (a, b) VALUES (1, 'x'), (2, 'y'), (3, 'z')"));
$seen[] = $m->insert_id;
$note($m->query("UPDATE types SET b = 'changed' WHERE a > 1"));
$note($m->query("SELECT broken FROM nowhere"));
$note($m->query("DO WARNING_THAT_IS_NONE()"));
$note($m->query("SELECT 1/0"));

// prepared: integer, text, NULL, double, date, blob
$s = $m->prepare("INSERT INTO types (a, b, c, d, e) VALUES (?, ?, ?, ?, ?)");
[$a, $b, $c, $d, $e] = [-42, "h\u{e4}llo", 1.5, '2024-02-29 23:59:58', "\0\xff\x80"];
$s->bind_param('isdss', $a, $b, $c, $d, $e);
$note($s->execute());
[$a, $b, $c, $d, $e] = [PHP_INT_MAX, "it's", null, null, null];
$note($s->execute());
$note($s->execute());
$s->close();
$q = $m->prepare("SELECT a, b, c, d, e FROM types WHERE a = ? OR c = ? ORDER BY id");
[$a, $c] = [-42, 0.25];
$q->bind_param('id', $a, $c);
$q->execute();
$note($q->get_result());
$q->close();
$l = $m->prepare("INSERT INTO types (a, e) VALUES (?, ?)");
$blob = null;
$l->bind_param('ib', $a, $blob);
$l->send_long_data(1, str_repeat('x', 100));
$l->send_long_data(1, 'yz');
$note($l->execute());
$l->close();
$note($m->prepare("SELECT nope FROM types"));

// a cursor: rows come by COM_STMT_FETCH
$f = $m->prepare("SELECT seq FROM seq_1_to_5");
$f->attr_set(MYSQLI_STMT_ATTR_CURSOR_TYPE, MYSQLI_CURSOR_TYPE_READ_ONLY);
$f->execute();
$f->bind_result($n);
$sum = 0;
while ($f->fetch()) {
    $sum += $n;
}
$seen[] = $sum;
$f->close();

// several results
$m->multi_query("SELECT 1; SELECT 2 UNION SELECT 3; UPDATE types SET a = 0 WHERE a = 2; SELECT 'last'");
$all();
$m->multi_query("SELECT 1; SELECT nothing; SELECT 'never'");
$all();
$m->query("CREATE OR REPLACE PROCEDURE two(IN x INT, OUT y INT) BEGIN SELECT x; SELECT seq FROM seq_1_to_3; SET y = x + 1; END");
$m->multi_query("CALL two(7, @y)");
$all();
$p = $m->prepare("CALL two(?, ?)");
[$x, $y] = [8, 0];
$p->bind_param('ii', $x, $y);
$p->execute();
do {
    if ($r = $p->get_result()) {
        $seen[] = $r->fetch_all();
    }
} while ($p->more_results() && $p->next_result());
$p->close();

// a transaction
$m->begin_transaction();
$note($m->query("DELETE FROM types WHERE a = 3"));
$note($m->rollback());

// other commands
$note($m->select_db('mysql'));
$note($m->select_db('no_such_schema'));
$note($m->ping());
$seen[] = preg_replace('/[0-9.]+/', 'N', $m->stat());
$note($m->change_user('pw', 'secret', 'shop'));
$note($m->change_user('pw', 'wrong', 'shop'));
echo json_encode($seen, JSON_INVALID_UTF8_SUBSTITUTE | JSON_PARTIAL_OUTPUT_ON_ERROR), "\n";
