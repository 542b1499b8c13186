# Imports beside generation, from several connections at once, and what becomes
# of reserved numbers in a crash, a dump, on a standby and a subscriber: every
# number of a format is generated or imported, and none is both.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CardgenTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $server = new_server('main', allows_streaming => 'logical', configuration => "log_statement = none\n");
$server->start;
$server->safe_psql('postgres', q{
	SET client_min_messages = warning;
	CREATE EXTENSION cardgen;
	SELECT cardgen.create_series('SMALL', 'Small card', 4, prefix => 'S', check_digit => 'none');
	SELECT cardgen.create_series('HALF', 'Half a card', 4, prefix => 'H', check_digit => 'luhn');
	SELECT cardgen.create_series('OLD', 'Old card', NULL, method => 'imported');
	CREATE TABLE format (number text PRIMARY KEY);
	INSERT INTO format SELECT 'S' || lpad(n::text, 4, '0') FROM generate_series(0, 9999) n});

# Clients that generate, issue and import in one series.
my $generate = "SELECT 'generated', number FROM cardgen.generate_cards('SMALL', 20);\n";
my $issue = "SELECT 'issued', number FROM cardgen.issue_new_card('SMALL', gen_random_uuid()::text);\n";
my $import = q{
SELECT array_agg(number) AS numbers FROM (SELECT number FROM format ORDER BY random() LIMIT 25) f \gset
SELECT 'imported', number FROM unnest(:'numbers'::text[]) WITH ORDINALITY AS n (number, place)
	WHERE place NOT IN (SELECT position FROM cardgen.import_cards('SMALL', :'numbers'));
};
my $client_count = 0;
my @clients = map { start_client($server, @$_) } (
	[ $generate, 100 ], [ $generate, 100 ], [ $issue, 300 ], [ $issue, 300 ], [ $issue, 300 ],
	[ $import, 60 ], [ $import, 60 ], [ $import, 60 ]);
my %told;
my @twice;
foreach my $client (@clients)
{
	$client->{run}->finish;
	is(slurp_file("$client->{file}.err"), '', 'a client was refused nothing');
	foreach my $line (split /\n/, slurp_file("$client->{file}.out"))
	{
		my ($what, $number) = split /\|/, $line;

		push @twice, "$number $told{$number} and $what" if $told{$number};
		$told{$number} = $what;
	}
}
is(join(', ', @twice), '', 'no number was told to two clients');
foreach my $what (qw(generated issued imported))
{
	my $count = grep { $_ eq $what } values %told;

	cmp_ok($count, '>', 500, "there was something to be mistaken about: $what");
	note "$what: $count";
}
is($server->safe_psql('postgres', q{
		SELECT s.capacity - u.remaining, u.generated + (SELECT count(*) FROM cardgen.card WHERE status = 'not_issued')
		FROM cardgen.series s JOIN cardgen.series_usage u USING (code) WHERE code = 'SMALL'}),
	join('|', (scalar keys %told) x 2), 'as many are used as were told');
use_up($server, 'SMALL', 'after all of it');

# Half of a format; of the transaction that is open in the crash nothing is left.
$server->safe_psql('postgres', q{
	CREATE TABLE half (place serial, number text);
	BEGIN;
	CREATE TEMP TABLE numbers AS SELECT number FROM cardgen.generate_cards('HALF', 1000);
	SELECT string_agg(number, ',') AS numbers FROM numbers \gset
	ROLLBACK;
	INSERT INTO half (number) SELECT unnest(string_to_array(:'numbers', ','));
	SELECT * FROM cardgen.import_cards('HALF', ARRAY(SELECT number FROM half WHERE place % 2 = 0 AND place <= 500));
	SELECT * FROM cardgen.generate_batch('HALF', 100);
	SELECT * FROM cardgen.import_cards('HALF', ARRAY(SELECT number FROM half WHERE place % 2 = 0 AND place > 500),
		array_fill('ann'::text, ARRAY[250]), array_fill('SUSPENDED'::text, ARRAY[250]));
	SELECT * FROM cardgen.import_cards('OLD', ARRAY['a/1', 'b/2'], ARRAY['ann', NULL]);
	CHECKPOINT});
my $before = table_contents($server, 'postgres');
my $session = $server->background_psql('postgres');
is($session->query_safe(q{BEGIN; SELECT count(*) FROM cardgen.import_cards('HALF', ARRAY(SELECT number FROM half WHERE place % 4 = 1))}),
	'50', 'an import that does not end takes in what was not generated');
$server->stop('immediate');
$session->{run}->finish;
$server->start;
same_text(tables_without_sequences($server, 'postgres'), without_sequences($before), 'nothing of it is there after a crash');

# The same everywhere, and each goes on to the last number.
$server->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($server, 'base', has_streaming => 1);
$standby->start;
my $subscriber = new_server('subscriber');
$subscriber->start;
$server->safe_psql('postgres', q{
	CREATE PUBLICATION cardgen FOR TABLE cardgen.series, cardgen.series_key, cardgen.series_counter,
		cardgen.free_range, cardgen.reserved_range, cardgen.status_label, cardgen.batch, cardgen.card;
	CREATE PUBLICATION cardgen_log FOR TABLE cardgen.card_status_log WITH (publish = 'insert')});
$subscriber->safe_psql('postgres', q{
	CREATE EXTENSION cardgen; DELETE FROM cardgen.status_label;
	CREATE TABLE half (place int, number text)});
$subscriber->safe_psql('postgres', 'CREATE SUBSCRIPTION cardgen CONNECTION $$' . $server->connstr('postgres')
	  . '$$ PUBLICATION cardgen, cardgen_log');
$subscriber->wait_for_subscription_sync($server, 'cardgen');

# Rows that went straight to the heap, and ranges that come and go.
$server->safe_psql('postgres', q{
	SELECT * FROM cardgen.import_cards('HALF', ARRAY(SELECT number FROM half WHERE place BETWEEN 201 AND 220 AND place % 2 = 1));
	SELECT * FROM cardgen.import_cards('OLD', ARRAY(SELECT 'x' || n FROM generate_series(1, 2500) n), array_fill('bob'::text, ARRAY[2500]));
	SELECT * FROM cardgen.generate_batch('HALF', 30)});
$server->wait_for_catchup($standby);
$server->wait_for_catchup('cardgen');
my $file = $server->basedir . '/half';
$server->safe_psql('postgres', "COPY half TO '$file'");
$subscriber->safe_psql('postgres', "COPY half FROM '$file'");
system_or_bail('pg_dump', '-Fc', '-f', $server->basedir . '/dump', '-d', $server->connstr('postgres'));
$server->safe_psql('postgres', 'CREATE DATABASE restored');
system_or_bail('pg_restore', '--no-publications', '-d', $server->connstr('restored'), $server->basedir . '/dump');

my @places = ([ $server, 'restored' ], [ $standby, 'postgres' ], [ $subscriber, 'postgres' ]);
foreach my $query (
	'SELECT * FROM cardgen.series_usage ORDER BY code',
	'SELECT * FROM cardgen.card ORDER BY number',
	'SELECT number, from_label, to_label, to_customer_id, reason FROM cardgen.card_status_log ORDER BY number',
	'SELECT * FROM cardgen.reserved_range ORDER BY first_ordinal',
	'SELECT number, cardgen.classify_number(number) FROM half ORDER BY number')
{
	my $expected = $server->safe_psql('postgres', $query);

	isnt($expected, '', 'there is something to compare');
	same_text($_->[0]->safe_psql($_->[1], $query), $expected, $_->[0]->name . ": $query") foreach @places;
}
$server->stop;
$standby->promote;
$subscriber->safe_psql('postgres', q{
	ALTER SUBSCRIPTION cardgen DISABLE;
	SELECT setval('cardgen.batch_id_seq', max(last_batch_id) + 1000) FROM cardgen.series_counter;
	SELECT setval('cardgen.change_id_seq', max(change_id) + 1000000) FROM cardgen.card_status_log});
use_up($standby, 'HALF', 'on the promoted standby');
use_up($subscriber, 'HALF', 'on the subscriber that takes over');
$server->start;
use_up($server, 'HALF', 'after the crash');
use_up($server, 'HALF', 'restored', 'restored');

done_testing();

# A client that repeats a script and writes down what it was told.
sub start_client
{
	my ($server, $script, $times) = @_;
	my $file = $server->basedir . '/importer' . ++$client_count;

	append_to_file("$file.sql", $script x $times);
	return {
		file => $file,
		run => IPC::Run::start([ 'psql', '-XAtq', '-d', $server->connstr('postgres'), '-f', "$file.sql" ],
			'>', "$file.out", '2>', "$file.err") };
}

# Generates what is left of a series.
sub use_up
{
	my ($server, $code, $name, $database) = @_;
	$database //= 'postgres';

	my $left = $server->safe_psql($database, "SELECT remaining FROM cardgen.series_usage WHERE code = '$code'");
	cmp_ok($left, '>', 0, "$name: there is something left of $code");
	$server->safe_psql($database, "SELECT cardgen.generate_batch('$code', $left)");
	fails_with($server, $database, "SELECT cardgen.issue_new_card('$code', 'last')", '2200H', "$name: then nothing");
	is($server->safe_psql($database, qq{
			SELECT count(*) = s.capacity, count(DISTINCT number) = s.capacity, bool_and(cardgen.classify_number(number) IN ('not_issued', 'issued', 'suspended'))
			FROM cardgen.series s, LATERAL
				(SELECT cardgen.download_batch(b.batch_id) AS number FROM cardgen.batch b WHERE b.series_code = s.code
				 UNION ALL SELECT c.number FROM cardgen.card c WHERE c.series_code = s.code AND c.batch_id IS NULL) n
			WHERE s.code = '$code' GROUP BY s.capacity}), 't|t|t', "$name: each number of $code is there once");
	is($server->safe_psql($database, "SELECT count(*) FROM cardgen.reserved_range WHERE series_code = '$code'"), '0',
		"$name: no exception is left");
}

sub without_sequences
{
	my ($contents) = @_;

	$contents =~ s/^\S+_seq\n.*\n//mg;
	return $contents;
}

sub tables_without_sequences
{
	return without_sequences(table_contents(@_));
}
