<?php
// PDO, with statements prepared by the server and by PDO itself. php pdo.php PORT; prints what it saw, as JSON.
$seen = [];
foreach ([false, true] as $emulated) {
    $db = new PDO("mysql:host=127.0.0.1;port=$argv[1];dbname=shop;charset=utf8mb4", 'pw', 'secret', [
        PDO::ATTR_ERRMODE => PDO::ERRMODE_SILENT,
        PDO::ATTR_EMULATE_PREPARES => $emulated,
    ]);
    $db->exec("CREATE TEMPORARY TABLE p (id INT PRIMARY KEY AUTO_INCREMENT, t VARCHAR(20), b BOOL, d DECIMAL(10,2), l BLOB)");
    $s = $db->prepare("INSERT INTO p (t, b, d, l) VALUES (:t, :b, :d, :l)");
    $s->bindValue(':t', "\u{20ac}uro's");
    $s->bindValue(':b', true, PDO::PARAM_BOOL);
    $s->bindValue(':d', '12.50');
    $s->bindValue(':l', "\x00\x01\xfe", PDO::PARAM_LOB);
    $seen[] = [$s->execute(), $s->rowCount(), $db->lastInsertId()];
    $s->bindValue(':t', null, PDO::PARAM_NULL);
    $s->bindValue(':b', 0, PDO::PARAM_INT);
    $seen[] = [$s->execute(), $s->rowCount()];
    $q = $db->prepare("SELECT id, t, b, d, HEX(l) FROM p WHERE id >= ?");
    $q->execute([1]);
    $seen[] = $q->fetchAll(PDO::FETCH_NUM);
    $bad = $db->prepare("SELECT missing FROM p");
    if ($bad) {
        $bad->execute();
    }
    $seen[] = ($bad ?: $db)->errorInfo();
    $db->beginTransaction();
    $seen[] = $db->exec("DELETE FROM p");
    $seen[] = $db->rollBack();
    $db = null;
}
echo json_encode($seen), "\n";
