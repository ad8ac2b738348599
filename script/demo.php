<?php
// A small application, as the demo runs it: php demo.php HOST PORT USER PASSWORD DATABASE
// It writes to temporary tables only. At its end it says "idle" and waits for a line before it disconnects.
[, $host, $port, $user, $password, $database] = $argv;
mysqli_report(MYSQLI_REPORT_OFF);
$db = @new mysqli($host, $user, $password, $database, (int)$port);
if ($db->connect_errno) {
    fwrite(STDERR, "demo.php: $db->connect_error\n");
    exit(1);
}

// Text statements.
$db->query("SET NAMES utf8mb4");
$db->query("CREATE TEMPORARY TABLE parts (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40), price DOUBLE, born DATETIME,"
    . " picture BLOB) CHARACTER SET utf8mb4");
$db->query("INSERT INTO parts (name, price, born) VALUES ('bolt', 0.12, NOW()), ('nut', 0.08, NOW()), ('gear', 4.5, NULL)");
$db->query("SELECT id, name, price FROM parts WHERE price < 1 ORDER BY price");

// Prepared statements, with values of several types.
$insert = $db->prepare("INSERT INTO parts (name, price, born, picture) VALUES (?, ?, ?, ?)");
$name = "Zahnräder 2\u{2033}";
$price = 12.75;
$born = "2024-02-29 12:30:00";
$picture = "\x89PNG\r\n\x1a\n\x00\xff";
$insert->bind_param("sdss", $name, $price, $born, $picture);
$insert->execute();
[$name, $born, $picture] = ["it's plain", null, null];
$insert->execute();
$select = $db->prepare("SELECT name, born FROM parts WHERE id > ? AND price BETWEEN ? AND ?");
[$id, $low, $high] = [1, 1.0, 99.5];
$select->bind_param("idd", $id, $low, $high);
$select->execute();
$select->get_result()->fetch_all();
$insert->close();

// A transaction, an error, a slow statement.
$db->begin_transaction();
$db->query("UPDATE parts SET price = price * 1.19");
$db->query("DELETE FROM parts WHERE name = 'nut'");
$db->rollback();
$db->query("SELECT colour FROM parts");
$db->query("SELECT SLEEP(0.2)");
$db->query("SELECT COUNT(*) FROM parts");

echo "idle\n";
fgets(STDIN);
$db->close();
