#!/usr/bin/perl
# A small shop, as the demo runs it: perl demo.pl HOST PORT USER PASSWORD DATABASE
# It writes to temporary tables only. At its end it says "idle" and waits for a line on descriptor 3 before it disconnects.
use strict;
use warnings;
use utf8;
use DBI;

my ($host, $port, $user, $password, $database) = @ARGV;
my $db = DBI->connect("dbi:mysql:host=$host;port=$port;database=$database;mysql_connect_timeout=20", $user, $password,
        { PrintError => 0, RaiseError => 0, mysql_enable_utf8mb4 => 1 });
if (!$db) {
        print STDERR DBI->err, " ", DBI->errstr, "\n";
        exit 1;
}

# The shop's tables.
$db->do("CREATE TEMPORARY TABLE author (id INT PRIMARY KEY, name VARCHAR(40)) CHARACTER SET utf8mb4")
        && $db->do("CREATE TEMPORARY TABLE book (id INT PRIMARY KEY AUTO_INCREMENT, author_id INT, title VARCHAR(60), price DOUBLE)"
                . " CHARACTER SET utf8mb4")
        or do { print STDERR DBI->err, " ", DBI->errstr, "\n"; exit 1; };
$db->do("INSERT INTO author VALUES (1, 'Lem'), (2, 'Le Guin'), (3, 'Borges'), (4, 'Čapek')");
$db->do("INSERT INTO book (author_id, title, price) VALUES (1, 'Solaris', 9.5), (2, 'The Dispossessed', 11), (3, 'Ficciones', 8.25),"
        . " (4, 'War with the Newts', 7), (2, 'The Lathe of Heaven', 10)");

# A statement with its values in the text, and a prepared one, whose values travel apart.
$db->selectall_arrayref("SELECT title, price FROM book WHERE price < 10 ORDER BY price");
my $insert = $db->prepare("INSERT INTO book (author_id, title, price) VALUES (?, ?, ?)", { mysql_server_prepare => 1 });
$insert->execute(4, "R.U.R. – it's Zahnräder 2\x{2033}", 6.75);
$insert->finish;

# The list of books, as an application writes it that never looks at its statements: one more for each book. Its framework
# adds tags to each statement: the route, and the line of code.
my $tags = "/*route='%2Fbooks',code.filepath='shop/books.pl',code.lineno='34'*/";
my $books = $db->selectall_arrayref("SELECT id, author_id, title FROM book ORDER BY id $tags");
$db->selectrow_array("SELECT name FROM author WHERE id = $_->[1] $tags") for @$books;

# A transaction that fails because of a misspelt column, and a slow report.
$db->begin_work;
$db->do("UPDATE book SET price = price * 1.19");
$db->do("SELECT prise FROM book");
$db->rollback;
$db->selectall_arrayref("SELECT COUNT(*), SLEEP(0.2) FROM author");

$| = 1;
print "idle\n";
open(my $go, "<&=", 3) or die "descriptor 3: $!\n";
<$go>;
$db->disconnect;
