#!/usr/bin/perl
# Perl's DBI: dbi.pl DRIVER JSON, with DRIVER mysql or MariaDB.
use strict;
use warnings;
use DBI;
use JSON::PP;

my ($driver, $o) = ($ARGV[0], decode_json($ARGV[1]));
my $json = JSON::PP->new->canonical->allow_nonref->latin1;
my $p = $driver eq 'MariaDB' ? 'mariadb' : 'mysql';
my $dsn = "DBI:$driver:database=shop;host=" . ($o->{socket} ? 'localhost' : "$o->{host};port=$o->{port}") . ";${p}_server_prepare=1;${p}_local_infile=1";
$dsn .= ";${p}_socket=$o->{socket}" if $o->{socket};
$dsn .= ";${p}_ssl=1;${p}_ssl_optional=1" if $o->{tls};
$dsn .= ";${p}_compression=1" if $o->{compress} eq 'zlib';
my $db = DBI->connect($dsn, $o->{user}, $o->{password}, { RaiseError => 0, PrintError => 0, AutoCommit => 1 });
if (!$db) {
    print $json->encode({ step => 'connect', error => $DBI::err + 0 }), "\n";
    exit 0;
}
print $json->encode({ step => 'connect', result => 'ok' }), "\n";

sub step {
    my ($name, $text, @values) = @_;
    my $s = $db->prepare($text);
    if (!$s || !defined $s->execute(@values)) {
        print $json->encode({ step => $name, error => $db->err + 0 }), "\n";
        return;
    }
    my @all;
    do {
        push @all, $s->{NUM_OF_FIELDS} ? [map { [map { defined $_ && length $_ > 1000 ? length $_ : $_ } @$_] } @{ $s->fetchall_arrayref }] : 'ok';
    } while ($s->more_results);
    print $json->encode({ step => $name, result => \@all }), "\n";
}
step('text', "SELECT 1 AS a, 'zwei' AS b, NULL AS c, 3.50 AS d, DATE'2026-01-02' AS e /* text */");
step('ddl', 'CREATE TEMPORARY TABLE m (a BIGINT, b VARCHAR(40), c BLOB) /* ddl */');
step('prepared', 'INSERT INTO m VALUES (?, ?, ?) /* prepared */', -5, "tea 'n'", "\0x'");
step('binary', 'SELECT a, b, HEX(c) FROM m WHERE a > ? /* binary */', -100);
step('error', 'SELECT * FROM nowhere /* error */');
step('big', "SELECT REPEAT('x', 300000), REPEAT('y', 20000000) /* big */");
$db->begin_work;
step('transaction', 'INSERT INTO m (a) VALUES (9) /* transaction */');
$db->rollback;
step('rolled back', 'SELECT COUNT(*) FROM m WHERE a = 9 /* rolled back */');
print $json->encode({ step => 'ping', result => $db->ping ? 1 : 0 }), "\n";
$db->disconnect;
