<?php
// PHP's mysqli (mysqlnd).
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
$o = json_decode($argv[1], true);
$db = mysqli_init();
$db->options(MYSQLI_OPT_LOCAL_INFILE, 1);
$db->options(MYSQLI_OPT_SSL_VERIFY_SERVER_CERT, 0);
$flags = ($o['tls'] ? MYSQLI_CLIENT_SSL | MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT : 0) |
    ($o['compress'] === 'zlib' ? MYSQLI_CLIENT_COMPRESS : 0);
if ($o['tls']) {
    $db->ssl_set(null, null, null, null, null);
}
function attempt($step, $work) {
    try {
        echo json_encode(['step' => $step, 'result' => $work()]), "\n";
    } catch (mysqli_sql_exception $e) {
        echo json_encode(['step' => $step, 'error' => $e->getCode()]), "\n";
        return false;
    }
    return true;
}
function rows($text) {
    global $db;
    $all = [];
    $db->multi_query($text);
    do {
        $r = $db->store_result();
        $all[] = $r ? $r->fetch_all() : $db->affected_rows;
    } while ($db->more_results() && $db->next_result());
    return $all;
}
function prepared($text, $types = '', ...$values) {
    global $db;
    $s = $db->prepare($text);
    if ($types !== '') {
        $s->bind_param($types, ...$values);
    }
    $s->execute();
    $all = [];
    do {
        $r = $s->get_result();
        $all[] = $r ? $r->fetch_all() : $s->affected_rows;
    } while ($s->more_results() && $s->next_result());
    $s->close();
    return $all;
}
$connected = attempt('connect', function () use ($db, $o, $flags) {
    return @$db->real_connect($o['socket'] ? 'localhost' : $o['host'], $o['user'], $o['password'], 'shop', $o['port'],
        $o['socket'] ?: null, $flags);
});
if (!$connected) {
    exit(0);
}
$db->set_charset('utf8mb4');
attempt('text', fn() => rows("SELECT 1 AS a, 'zwei' AS b, NULL AS c, 3.50 AS d, DATE'2026-01-02' AS e /* text */"));
attempt('ddl', fn() => rows('CREATE TEMPORARY TABLE m (a BIGINT, b VARCHAR(40), c BLOB, d DOUBLE, e DATETIME(6)) /* ddl */'));
attempt('prepared', fn() => prepared('INSERT INTO m VALUES (?, ?, ?, ?, NOW()) /* prepared */', 'issd', -5, "tea 'n' 茶", "\0\xff'", 2.5));
attempt('null', fn() => prepared('INSERT INTO m VALUES (?, ?, ?, ?, ?) /* null */', 'issds', 7, null, null, 1e100, '2026-11-23 01:02:03.000004'));
attempt('binary', fn() => prepared('SELECT a, b, HEX(c), d, YEAR(e) > 2000 FROM m WHERE a > ? /* binary */', 'i', -100));
attempt('long', function () use ($db) {
    $s = $db->prepare('SELECT LENGTH(?), ? /* long */');
    $b = null; $n = 3;
    $s->bind_param('bi', $b, $n);
    for ($i = 0; $i < 10; $i++) {
        $s->send_long_data(0, str_repeat('z', 100000));
    }
    $s->execute();
    return $s->get_result()->fetch_all();
});
attempt('cursor', function () use ($db) {
    $s = $db->prepare('SELECT n FROM digits ORDER BY n /* cursor */');
    $s->attr_set(MYSQLI_STMT_ATTR_CURSOR_TYPE, MYSQLI_CURSOR_TYPE_READ_ONLY);
    $s->execute();
    $s->bind_result($n);
    $all = [];
    while ($s->fetch()) {
        $all[] = $n;
    }
    $s->close();
    return $all;
});
attempt('multi', fn() => rows('SELECT 1 /* multi */; SELECT 2, 3; DO 1'));
attempt('procedure', fn() => rows('CALL two(7) /* procedure */'));
attempt('prepared procedure', fn() => prepared('CALL two(?) /* prepared procedure */', 'i', 8));
attempt('out', fn() => [rows('CALL doubled(21, @r) /* out */'), rows('SELECT @r /* out */')]);
attempt('error', fn() => rows('SELECT * FROM nowhere /* error */'));
attempt('prepare error', fn() => prepared('SELECT * FROM nowhere WHERE a = ? /* prepare error */', 'i', 1));
attempt('infile', fn() => rows("LOAD DATA LOCAL INFILE '{$o['file']}' INTO TABLE m /* infile */"));
attempt('unbuffered', function () use ($db) {
    $r = $db->query('SELECT a.n, b.n FROM digits a, digits b, digits c, digits d /* unbuffered */', MYSQLI_USE_RESULT);
    $n = 0;
    while ($r->fetch_row()) {
        $n++;
    }
    return $n;
});
attempt('transaction', fn() => [$db->begin_transaction(), rows('INSERT INTO m (a) VALUES (9) /* transaction */'), $db->rollback(),
    rows('SELECT COUNT(*) FROM m WHERE a = 9 /* transaction */')]);
attempt('big', fn() => strlen(rows("SELECT REPEAT('x', 300000), REPEAT('y', 20000000) /* big */")[0][0][1]));
attempt('charset', fn() => [$db->set_charset('latin1'), rows("SELECT HEX('caf\xe9'), HEX(CONVERT('caf\xe9' USING utf8mb4)) /* charset */")]);
attempt('statistics', fn() => substr($db->stat(), 0, 7));
attempt('ping', fn() => $db->ping());
attempt('user', fn() => [$db->change_user($o['user'], $o['password'], 'shop'), rows("SELECT USER() LIKE '{$o['user']}@%' /* user */")]);
attempt('database', fn() => [$db->select_db('information_schema'), rows('SELECT DATABASE() /* database */')]);
$db->close();
