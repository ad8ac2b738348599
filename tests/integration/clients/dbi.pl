#!/usr/bin/perl
# Perl's DBI with MariaDB's C library. dbi.pl PORT; prints what it saw.
use strict;
use warnings;
use DBI;

my $db = DBI->connect("DBI:mysql:database=shop;host=127.0.0.1;port=$ARGV[0];mysql_server_prepare=1", 'root', '',
    { RaiseError => 0, PrintError => 0 }) or die $DBI::errstr;
sub show { print join('|', map { $_ // 'NULL' } @$_), "\n" for @_ }

$db->do("CREATE TEMPORARY TABLE perl (a INT, b VARCHAR(20), c DOUBLE)");
my $insert = $db->prepare("INSERT INTO perl VALUES (?, ?, ?)");
$insert->bind_param(1, 17, DBI::SQL_INTEGER());
$insert->bind_param(2, "camel");
$insert->bind_param(3, 2.5, DBI::SQL_DOUBLE());
print $insert->execute, "\n";
print $insert->execute(18, undef, undef), "\n";
$insert->finish;
my $select = $db->prepare("SELECT a, b, c FROM perl WHERE a > ? AND a < ?");
$select->execute(5, 100);
show(@{ $select->fetchall_arrayref });
$db->do("garbage");
print $db->err, ' ', $db->errstr, "\n";
show(@{ $db->selectall_arrayref("SELECT COUNT(*) FROM perl") });
print $db->ping ? "alive\n" : "gone\n";
$db->disconnect;
