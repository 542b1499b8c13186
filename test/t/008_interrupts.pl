# Calls that are interrupted, or run out of something, end with a clear error
# and leave nothing behind: no part of a batch, no number used.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CardgenTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Vacuum would make space usable again, and then a table does not grow.
my $database = 'postgres';
my $server = new_server('main', configuration => "autovacuum = off\n");
$server->start;
at(q{
	CREATE EXTENSION cardgen;
	SELECT cardgen.create_status_label('Printed', 'not_issued');
	SELECT cardgen.create_series('GOLD', 'Gold card', 12, prefix => '9000', check_digit => 'luhn', max_active_cards => 10000);
	SELECT cardgen.create_series('CLUB', 'Club card', 12, prefix => '5000', method => 'sequential')});
at($_) foreach (
	q{SELECT cardgen.generate_batch('GOLD', 50000)},
	q{SELECT cardgen.generate_batch('GOLD', 2000)},
	q{SELECT cardgen.generate_batch('GOLD', 3000)},
	q{SELECT cardgen.issue_card(number, 'ann') FROM (SELECT number FROM cardgen.generated_card WHERE batch_id = 1 LIMIT 2500) n},
	q{SELECT cardgen.set_card_status(max(number), 'Printed') FROM cardgen.generated_card WHERE batch_id = 3},
	q{UPDATE cardgen.card SET expires_on = current_date - 1 - (number <> (SELECT max(number) FROM cardgen.card WHERE status = 'issued'))::int
	  WHERE status = 'issued'});
my $other = $server->background_psql('postgres');

# In the middle of the work.
interrupted('generate_batch', has_grown(), q{SELECT cardgen.generate_batch('GOLD', 2000000)});
interrupted('generate_cards', has_grown(), q{SELECT count(*) FROM cardgen.generate_cards('GOLD', 2000000)});
at(q{
	CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
	CREATE TRIGGER nothing AFTER INSERT ON cardgen.generated_card EXECUTE FUNCTION nothing()});
interrupted('generate_batch with INSERT', has_grown(), q{SELECT cardgen.generate_batch('GOLD', 2000000)});
at('DROP TRIGGER nothing ON cardgen.generated_card');
interrupted('download_batch', runs(),
	'SELECT count(*) FROM generate_series(1, 100) i, LATERAL (SELECT cardgen.download_batch(1) OFFSET 0 * i) n');
interrupted('download_batch in FROM', runs(),
	'SELECT count(*) FROM generate_series(1, 100) i, LATERAL cardgen.download_batch(1 + 0 * i)');
interrupted('verify_batch', runs(), 'SELECT count(*) FROM generate_series(1, 100) i, LATERAL cardgen.verify_batch(1 + 0 * i)');

# Numbers that a client has had when the call was interrupted come again.
my @sent = interrupted('generate_cards to a client', sends(),
	q{COPY (SELECT (cardgen.generate_cards('GOLD', 1000)).number, pg_sleep(0.01)) TO STDOUT});
my @numbers = map { "$_\t" } split /\n/, at(q{SELECT number FROM cardgen.generate_cards('GOLD', 1000)});
isnt($sent[0], '', 'a client has had some numbers');
foreach my $sent (map { [ split /\n/ ] } @sent)
{
	is(join("\n", @$sent), join("\n", @numbers[ 0 .. $#$sent ]), 'they come again');
}

# Between two steps, where a trigger waits for a lock.
$other->query_safe('SELECT pg_advisory_lock(1)');
at(q{
	CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN coalesce(NEW, OLD); END';
	CREATE TRIGGER wait BEFORE INSERT ON cardgen.batch FOR EACH ROW
		WHEN (NEW.series_code = 'CLUB' AND NEW.first_ordinal = 2000) EXECUTE FUNCTION wait();
	CREATE TRIGGER wait BEFORE UPDATE OR DELETE ON cardgen.card FOR EACH ROW
		WHEN (OLD.expires_on IS NULL OR OLD.expires_on = current_date - 1) EXECUTE FUNCTION wait()});

my $limit = 'SET cardgen.max_cards_per_call = 1000';
my $order = q{CALL cardgen.generate_order('CLUB', 3500, 'Printed', 'a0000000-0000-0000-0000-000000000001')};
is((run_interrupted('pg_cancel_backend', waits(), $limit, $order))[1], '57014', 'an order is interrupted');
my $parts = q{SELECT part, card_count FROM cardgen.order_batches('a0000000-0000-0000-0000-000000000001')};
is(at($parts), "1|1000\n2|1000", 'parts of it are there');
interrupted('generate_order that goes on', waits(), $limit, $order);

at('UPDATE cardgen.batch SET expires_on = now(), issuable_until = now() WHERE batch_id IN (2, 3)');
interrupted('remove_expired_batches', waits(), 'SELECT * FROM cardgen.remove_expired_batches()');
interrupted('remove_batch', waits(), 'SELECT cardgen.remove_batch(3)');
interrupted('expire_cards', waits(), 'SELECT cardgen.expire_cards()');

$other->query_safe('SELECT pg_advisory_unlock(1)');
at("$limit; $order");
is(at($parts), "1|1000\n2|1000\n3|1000\n4|500", 'the order is completed');
is(at('SELECT * FROM cardgen.remove_expired_batches()'), '2|5000|0', 'the batches are removed');
is(at('SELECT cardgen.expire_cards()'), '2500', 'the cards are expired');

# The session, and the transaction, of an interrupted call go on.
my $session = $server->background_psql('postgres', on_error_stop => 0);
is($session->query(q{
		BEGIN;
		SELECT number FROM cardgen.generate_cards('CLUB', 2);
		SET LOCAL cardgen.max_cards_per_call = 2000000;
		SAVEPOINT before;
		SET LOCAL statement_timeout = '0.1 s';
		SELECT number FROM cardgen.generate_cards('CLUB', 2000000);
		ROLLBACK TO before;
		SELECT number FROM cardgen.generate_cards('CLUB', 2);
		COMMIT}),
	join("\n", map { "500000000000$_" } 3500 .. 3503), 'the range is given back to a savepoint');
like($session->{stderr}, qr/canceling statement due to statement timeout/, 'it was interrupted');
$session->{stderr} = '';

# A series in use.
$session->query_safe(q{BEGIN; SELECT cardgen.generate_batch('CLUB', 10)});
fails_with($server, 'postgres', "SET lock_timeout = '50 ms'; $_", '55P03', "lock_timeout: $_") foreach (
	q{SELECT cardgen.generate_batch('CLUB', 1)},
	q{SELECT cardgen.generate_cards('CLUB', 1)},
	q{CALL cardgen.generate_order('CLUB', 1)},
	q{SELECT cardgen.issue_new_card('CLUB', 'kim')},
	q{SELECT cardgen.skip_numbers('CLUB', 1)},
	q{SELECT cardgen.drop_series('CLUB')});
is(at(q{
		SET lock_timeout = '50 ms';
		SELECT cardgen.classify_number('5000000000003503'), card_count FROM cardgen.generate_batch('GOLD', 10)}),
	'not_issued|10', 'who looks a card up, or uses another series, does not wait');
$session->query_safe('ROLLBACK');

# A REINDEX that is interrupted leaves an index behind that is listed but has no page to be read.
$session->query_safe('BEGIN; LOCK TABLE cardgen.generated_card IN ROW EXCLUSIVE MODE');
fails_with($server, 'postgres', "SET lock_timeout = '50 ms'; REINDEX INDEX CONCURRENTLY cardgen.generated_card_batch_id",
	'55P03', 'REINDEX waits for a writer in vain');
$session->query_safe('ROLLBACK');
is(at(q{SELECT indexrelid::regclass, pg_relation_size(indexrelid) FROM pg_index WHERE NOT indisvalid}),
	'cardgen.generated_card_batch_id_ccnew|0', 'its index is there');
my @made = map { at(q{SELECT batch_id FROM cardgen.generate_batch('GOLD', 1000)}) } 1 .. 3;
is(at("SELECT cardgen.remove_batch($made[0])"), '', 'a batch is removed all the same');
at("UPDATE cardgen.batch SET expires_on = now(), issuable_until = now() WHERE batch_id IN ($made[1], $made[2])");
is(at('SELECT * FROM cardgen.remove_expired_batches()'), '2|2000|0', 'so are those that have expired');
at('DROP INDEX cardgen.generated_card_batch_id_ccnew');

# A client that has gone to sleep in its transaction.
my $alarm = $server->basedir . '/alarm';
my $asleep = IPC::Run::start(
	[ 'psql', '-XAtq', '-v', 'VERBOSITY=sqlstate', '-d', $server->connstr('postgres'),
		map { ('-c', $_) } q{SET idle_in_transaction_session_timeout = '1 s'}, 'BEGIN',
		q{SELECT number FROM cardgen.generate_cards('CLUB', 2)}, "\\! until test -e '$alarm'; do sleep 0.1; done", 'COMMIT' ],
	'>', \my $dream, '2>', \my $awakening);
$server->wait_for_log(qr/idle-in-transaction timeout/);
my $next = at(q{SELECT number FROM cardgen.generate_cards('CLUB', 2)});
append_to_file($alarm, '');
$asleep->finish;
like($awakening, qr/FATAL:\s+25P03/, 'it is thrown out');
is($next, "5000000000003504\n5000000000003505", 'its numbers come again');
is($dream, "$next\n", 'they were the same');

# Too little room for a result that is collected first.
my $before = state();
my $room = q{SET work_mem = '64 kB'; SET temp_file_limit = '200 kB'};
fails_with($server, 'postgres', "$room; SELECT count(*) FROM $_", '53400', "temp_file_limit: $_")
  foreach (q{cardgen.generate_cards('GOLD', 20000)}, 'cardgen.download_batch(1)');
same_text(state(), $before, 'nothing is left of it');
is(at("$room; SELECT count(*) FROM (SELECT $_ OFFSET 0) n"), $_ =~ /generate/ ? 20000 : 50000, "streamed: $_")
  foreach (q{cardgen.generate_cards('GOLD', 20000)}, 'cardgen.download_batch(1)');
every_batch_is_whole($server, 'postgres', 'in the end');

$session->quit;
$other->quit;
SKIP:
{
	my $directory = start_with_small_tablespace();
	skip 'no file system of a few megabytes can be mounted', 9 unless $directory;
	try_full_tablespace($directory);
}
done_testing();

sub at
{
	my ($statements) = @_;

	return $server->safe_psql($database, $statements);
}

# What a call has done when it is interrupted.
sub has_grown
{
	return q{pg_relation_size('cardgen.generated_card') > size + 500 * current_setting('block_size')::int};
}

sub runs
{
	return q{clock_timestamp() - query_start > '0.1 s'};
}

sub sends
{
	return 'EXISTS (SELECT FROM pg_stat_progress_copy WHERE tuples_processed > 5)';
}

sub waits
{
	return q{wait_event = 'advisory'};
}

sub state
{
	return at(q{
		SELECT count(*), sum(hashtextextended(number, batch_id)) FROM cardgen.generated_card;
		SELECT c FROM cardgen.series_counter c ORDER BY c::text;
		SELECT b FROM cardgen.batch b ORDER BY batch_id;
		SELECT count(*), sum(hashtextextended(c::text, 0)) FROM cardgen.card c;
		SELECT count(*) FROM cardgen.card_status_log});
}

# In each of three ways. What the client was sent.
sub interrupted
{
	my ($name, $middle, @statements) = @_;
	my $before = state();
	my @output;

	foreach my $way (qw(pg_cancel_backend pg_terminate_backend statement_timeout))
	{
		my ($output, $code) = run_interrupted($way, $middle, @statements);

		push @output, $output;
		is($code, $way eq 'pg_terminate_backend' ? '57P01' : '57014', "$name: $way");
		same_text(state(), $before, "$name: nothing is left of it after $way");
	}
	every_batch_is_whole($server, 'postgres', $name);
	return @output;
}

sub run_interrupted
{
	my ($way, $middle, @statements) = @_;
	my $timeout = $way eq 'statement_timeout';
	my $client = IPC::Run::start(
		[ 'psql', '-XAtq', '-v', 'VERBOSITY=sqlstate', '-d', $server->connstr('postgres'),
			map { ('-c', $_) } 'SET cardgen.max_cards_per_call = 2000000',
			$timeout ? q{SET statement_timeout = '0.1 s'} : (), @statements ],
		'>', \my $output, '2>', \my $errors);

	interrupt($way, $middle) unless $timeout;
	$client->finish;
	return ($output, join(' ', $errors =~ /(?:ERROR|FATAL):\s+(\w+)/g));
}

sub interrupt
{
	my ($function, $middle) = @_;

	$other->query_safe(qq{
		DO \$\$
		DECLARE
			size bigint := pg_relation_size('cardgen.generated_card');
			victim integer;
		BEGIN
			FOR i IN 1 .. 4000 LOOP
				PERFORM pg_stat_clear_snapshot();
				SELECT pid INTO victim FROM pg_stat_activity
				WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND state = 'active' AND $middle;
				EXIT WHEN victim IS NOT NULL;
				PERFORM pg_sleep(0.005);
			END LOOP;
			IF victim IS NULL THEN
				RAISE EXCEPTION 'no call is to be interrupted';
			END IF;
			PERFORM $function(victim);
		END \$\$});
}

# The server can have a file system of its own where an ordinary user may make
# a name space: it is in effect there a root that may mount.
sub start_with_small_tablespace
{
	my $directory = $server->basedir . '/small';
	my $programs = $server->basedir . '/programs';
	my ($user, $group) = ($<, $( + 0);
	chomp(my $pg_ctl = `pg_config --bindir` =~ s/\n/\/pg_ctl/r);

	mkdir $_ foreach ($directory, $programs);
	append_to_file("$programs/pg_ctl", qq{#!/bin/sh
exec unshare --user --map-root-user --mount sh -c 'mount -t tmpfs -o size=4m,mode=777 none "\$0" &&
	exec unshare --user --map-user=$user --map-group=$group "\$@"' "$directory" "$pg_ctl" "\$@"
});
	chmod 0755, "$programs/pg_ctl";
	local $ENV{PATH} = "$programs:$ENV{PATH}";
	return undef unless run_log([ 'pg_ctl', '--version' ]);
	$server->restart;
	return $directory;
}

sub try_full_tablespace
{
	my ($directory) = @_;

	at("CREATE TABLESPACE small LOCATION '$directory'");
	at('CREATE DATABASE small');
	$database = 'small';
	at(q{
		CREATE EXTENSION cardgen;
		ALTER TABLE cardgen.generated_card SET TABLESPACE small;
		SELECT cardgen.create_series('GOLD', 'Gold card', 12, prefix => '9000', check_digit => 'luhn');
		SELECT cardgen.generate_batch('GOLD', 10000)});
	at('VACUUM cardgen.generated_card');
	my $before = state();

	fails_with($server, 'small', "SELECT cardgen.generate_$_('GOLD', 100000)", '53100', "full tablespace: generate_$_")
	  foreach qw(batch cards);
	same_text(state(), $before, 'full tablespace: nothing is left of it');
	is(at(q{
			SELECT customer_id FROM cardgen.generated_card g, LATERAL cardgen.issue_card(g.number, 'ann') LIMIT 1}), 'ann',
		'full tablespace: a card is issued');
	at('VACUUM cardgen.generated_card');
	is(at(q{SELECT card_count FROM cardgen.generate_batch('GOLD', 20000)}), '20000', 'vacuum makes room');
	fails_with($server, 'small', q{SELECT cardgen.generate_batch('GOLD', 100000)}, '53100', 'it is full once more');
	is(at('SELECT cardgen.remove_batch(1)'), '', 'full tablespace: a batch is removed');
	every_batch_is_whole($server, 'small', 'full tablespace');
	is(at('SELECT generated FROM cardgen.series_usage'), '30000', 'full tablespace: no other numbers are used');
}
