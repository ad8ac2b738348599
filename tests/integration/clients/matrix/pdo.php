<?php
// PHP's PDO (mysqlnd), with prepared statements of the server.
$o = json_decode($argv[1], true);
$options = [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_EMULATE_PREPARES => false, PDO::MYSQL_ATTR_LOCAL_INFILE => true];
if ($o['tls']) {
    $options[PDO::MYSQL_ATTR_SSL_CIPHER] = 'ALL';
    $options[PDO::MYSQL_ATTR_SSL_VERIFY_SERVER_CERT] = false;
}
if ($o['compress'] === 'zlib') {
    $options[PDO::MYSQL_ATTR_COMPRESS] = true;
}
function attempt($step, $work) {
    try {
        echo json_encode(['step' => $step, 'result' => $work()]), "\n";
    } catch (PDOException $e) {
        echo json_encode(['step' => $step, 'error' => $e->errorInfo[1] ?? $e->getCode()]), "\n";
        return false;
    }
    return true;
}
function run($text, ...$values) {
    global $db;
    $s = $db->prepare($text);
    $s->execute($values);
    $all = [];
    do {
        $all[] = $s->columnCount() > 0 ? $s->fetchAll(PDO::FETCH_NUM) : $s->rowCount();
    } while ($s->nextRowset());
    return $all;
}
$connected = attempt('connect', function () use ($o, $options, &$db) {
    $to = $o['socket'] ? "unix_socket={$o['socket']}" : "host={$o['host']};port={$o['port']}";
    $db = new PDO("mysql:$to;dbname=shop;charset=utf8mb4", $o['user'], $o['password'], $options);
    return 'ok';
});
if (!$connected) {
    exit(0);
}
attempt('text', fn() => $db->query("SELECT 1 AS a, 'zwei' AS b, NULL AS c, 3.50 AS d, DATE'2026-01-02' AS e /* text */")->fetchAll(PDO::FETCH_NUM));
attempt('ddl', fn() => $db->exec('CREATE TEMPORARY TABLE m (a BIGINT, b VARCHAR(40), c BLOB) /* ddl */'));
attempt('prepared', fn() => run('INSERT INTO m VALUES (?, ?, ?) /* prepared */', -5, "tea 'n' 茶", "\0\xff'"));
attempt('binary', fn() => run('SELECT a, b, HEX(c) FROM m WHERE a > ? /* binary */', -100));
attempt('procedure', fn() => run('CALL two(?) /* procedure */', 7));
attempt('error', fn() => run('SELECT * FROM nowhere /* error */'));
attempt('infile', fn() => $db->exec("LOAD DATA LOCAL INFILE '{$o['file']}' INTO TABLE m /* infile */"));
attempt('transaction', fn() => [$db->beginTransaction(), run('INSERT INTO m (a) VALUES (9) /* transaction */'), $db->rollBack(),
    run('SELECT COUNT(*) FROM m WHERE a = 9 /* transaction */')]);
attempt('big', fn() => strlen(run("SELECT REPEAT('x', 300000), REPEAT('y', 20000000) /* big */")[0][0][1]));
