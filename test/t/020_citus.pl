# On Citus, with a coordinator and two workers, every function answers as it
# does on one server, and what one of the three fails to commit none has.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CardgenTest;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $coordinator = new_server('coordinator');
$coordinator->start;
plan skip_all => 'Citus is not installed'
  if $coordinator->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'citus'}) == 0;

my $configuration = q{
shared_preload_libraries = 'citus'
citus.node_conninfo = 'sslmode=prefer'
listen_addresses = '127.0.0.1'
};
$coordinator->append_conf('postgresql.conf', $configuration);
$coordinator->restart;
my @workers = map { new_server($_, configuration => $configuration) } qw(worker1 worker2);
$_->start foreach @workers;

# The database plain is what one server answers.
$coordinator->safe_psql('postgres', 'CREATE DATABASE plain');
$_->safe_psql('postgres', 'CREATE DATABASE loyalty') foreach $coordinator, @workers;
$coordinator->safe_psql($_, 'CREATE EXTENSION cardgen') foreach qw(loyalty plain);
fails_with($coordinator, 'loyalty', 'SELECT cardgen.distribute()', '55000', 'distribute() without the extension citus');

# Cards from before, and a session that has planned its queries.
my $filling = q{
	SELECT cardgen.create_series('GOLD', 'Gold', 16, prefix => 'GOLD', suffix => '2021', method => 'sequential',
		max_active_cards => 3, card_expiry_days => 30) IS NULL;
	SELECT cardgen.create_series('RED', 'Red', 6, prefix => 'R', method => 'sequential', check_digit => 'luhn',
		batch_retention => '1 microsecond') IS NULL;
	SELECT cardgen.create_status_label('Printed', 'not_issued', true);
	SELECT count(*) FROM cardgen.generate_cards('GOLD', 2500);
	SELECT cardgen.issue_card('GOLD00000000000000012021', 'ann');
	SELECT cardgen.set_card_status('GOLD00000000000000012021', 'ACTIVE');
	SELECT cardgen.set_card_status('GOLD00000000000000022021', 'NOT_ISSUED');
	SELECT cardgen.expire_cards(), cardgen.classify_number('GOLD00000000000000022021');
	SELECT * FROM cardgen.verify_batch(1)};
my $session = $coordinator->background_psql('loyalty', on_error_stop => 0);
$session->query($filling);
$coordinator->safe_psql('plain', $filling);
my $numbers = numbers_of($coordinator, 'loyalty', 1);

$_->safe_psql('loyalty', 'CREATE EXTENSION citus') foreach $coordinator, @workers;
run_sql(sprintf q{SELECT citus_set_coordinator_host('127.0.0.1', %d)}, $coordinator->port);
run_sql(sprintf q{SELECT citus_add_node('127.0.0.1', %d)}, $_->port) foreach @workers;
run_sql(q{
	CREATE ROLE shop_dba;
	GRANT USAGE ON SCHEMA cardgen TO shop_dba;
	GRANT EXECUTE ON FUNCTION cardgen.distribute TO shop_dba;
	SET ROLE shop_dba;
	SELECT cardgen.distribute();
	SELECT cardgen.distribute()});
is(run_sql(q{
	SELECT logicalrelid, column_to_column_name(logicalrelid, partkey), count(DISTINCT nodeport), pg_relation_size(logicalrelid)
	FROM pg_dist_partition JOIN pg_dist_shard USING (logicalrelid) JOIN pg_dist_shard_placement USING (shardid)
	GROUP BY logicalrelid, partkey ORDER BY logicalrelid::text}),
	join("\n", qw(cardgen.card|number|2|0 cardgen.card_status_log|number|2|0 cardgen.generated_card|batch_id|2|0)),
	'cards are on both workers and nowhere else');
same_text(numbers_of($coordinator, 'loyalty', 1), $numbers, 'a batch from before is downloaded');

# A session of each database is asked the same, in turn; points in time aside.
my $request = q{request_id => 'a0000000-0000-0000-0000-000000000001'};
my $order = q{request_id => 'b0000000-0000-0000-0000-000000000001'};
my @statements = (
	'SELECT * FROM cardgen.verify_batch(1)',
	(map { "SELECT batch_id, series_name, card_count, status_label FROM cardgen.generate_batch($_)" }
		"'GOLD', 1000, $request", "'GOLD', 1000, $request", "'GOLD', 999, $request", "'GOLD', 100001", "'GOLD', 0",
		"'GOLD', 1, 'ISSUED'", "'NONE', 1", "'RED', 100000"),
	q{SELECT batch_id, count(number), md5(string_agg(number, ',')) FROM cardgen.generate_cards('GOLD', 3000) GROUP BY batch_id},
	'SELECT * FROM cardgen.verify_batch(2), cardgen.verify_batch(4)',
	q{SELECT md5(string_agg(number, ',')) FROM cardgen.download_batch(4) number},
	'SELECT batch_id, count(*), min(number), max(number) FROM cardgen.generated_card GROUP BY batch_id ORDER BY batch_id',
	"CALL cardgen.generate_order('RED', 25, $order)",
	"CALL cardgen.generate_order('RED', 25, $order)",
	'SELECT batch_id, series_code, card_count, status_label FROM cardgen.generated_batches ORDER BY batch_id',
	'SELECT ' . join(', ', map { "cardgen.set_batch_label($_)" } q{2, 'NOT_ISSUED'}, q{2, 'Printed'}),
	q{SELECT cardgen.set_batch_label(99, 'Printed')},
	(map {
		(qq{SELECT number, status, status_label, batch_id, customer_id FROM cardgen.find_card('$_')},
			qq{SELECT cardgen.classify_number('$_')}) }
		gold(1), gold(2), gold(3), ' ' . lc(gold(4)), gold(9999), 'R000018', 'R000019', 'R999997', 'R'),
	(map { "SELECT number, batch_id, ordinal, status, status_label, customer_id, expires_on - issued_on::date FROM cardgen.$_" }
		(map { "issue_card($_)" } "'@{[gold(3)]}', 'bob'", "'@{[gold(3)]}', 'kim'", "'@{[gold(2)]}', 'bob', 'ACTIVE'",
			"'@{[gold(4)]}', 'bob'", "'@{[gold(5)]}', 'bob'", "'@{[gold(5)]}', 'bob', 'EXPIRED'", "'@{[gold(9999)]}', 'bob'",
			"'R000018', 'bob'", "'R000019', 'bob'", "'R', 'bob'", "'@{[gold(6)]}', NULL"),
		(map { "issue_new_card($_)" } "'GOLD', 'bob'", "'GOLD', 'joe'", "'GOLD', 'joe', 'ACTIVE'", "'RED', 'joe'", "'RED', 'joe'",
			"'NONE', 'joe'"),
		(map { "set_card_status($_)" } "'@{[gold(3)]}', 'ACTIVE', 'called'", "'@{[gold(3)]}', 'NOT_ISSUED'",
			"'@{[gold(3)]}', 'SUSPENDED'", "'@{[gold(1)]}', 'DELETED'", "'@{[gold(1)]}', 'ACTIVE'", "'@{[gold(7)]}', 'NOT_ISSUED'",
			"'@{[gold(7)]}', 'EXPIRED'", "'@{[gold(9999)]}', 'ACTIVE'", "'R000026', 'NOT_ISSUED'", "'@{[gold(3)]}', 'None'")),
	(map { "SELECT number, batch_id, status_label, customer_id, replaces FROM cardgen.replace_card($_)" }
		"'@{[gold(3)]}'", "'@{[gold(3)]}'", "'@{[gold(2)]}', '@{[gold(10)]}', 'EXPIRED', 'lost'", "'@{[gold(11)]}'",
		"'@{[gold(4)]}', '@{[gold(10)]}'", "'@{[gold(4)]}', '@{[gold(4)]}'"),
	(map { "SELECT number, customer_id FROM cardgen.transfer_card($_)" }
		"'@{[gold(10)]}', 'pam'", "'@{[gold(10)]}', 'pam'", "'@{[gold(12)]}', 'pam'", "'@{[gold(2)]}', 'pam'"),
	(map { "SELECT cardgen.merge_customers($_)" } "'pam', 'joe', 'one person'", "'pam', 'joe'", "'joe', 'joe'"),
	"SELECT * FROM cardgen.issue_cards(ARRAY['@{[gold(20)]}', '@{[gold(19)]}', '@{[gold(20)]}', 'R', NULL], ARRAY['sam', 'sue', 'sue', 'sue', 'sue'])",
	q{SELECT * FROM cardgen.issue_new_cards('GOLD', ARRAY['sam', 'sue', 'sam', 'sam', NULL])},
	"SELECT * FROM cardgen.set_card_statuses(ARRAY['@{[gold(20)]}', '@{[gold(19)]}', '@{[gold(20)]}', '@{[gold(21)]}', 'R'], 'ACTIVE', 'together')",
	q{SELECT cardgen.create_series('OLD', 'Old', NULL, method => 'imported') IS NULL},
	q{SELECT * FROM cardgen.import_cards('OLD', ARRAY['A-1', 'A-2', 'A-1', 'R000026'], ARRAY['sam', NULL, NULL, NULL])},
	q{SELECT number, status, customer_id FROM cardgen.issue_card('a-2', 'sue')},
	q{SELECT number, replaces FROM cardgen.replace_card('A-1', 'A-2')},
	"SELECT number, replaces FROM cardgen.replace_card('A-1', '@{[gold(22)]}')",
	'BEGIN',
	"SELECT status FROM cardgen.issue_card('@{[gold(8)]}', 'max')",
	"SELECT status FROM cardgen.set_card_status('@{[gold(8)]}', 'ACTIVE')",
	"SELECT cardgen.classify_number('@{[gold(8)]}')",
	'ROLLBACK',
	"SELECT cardgen.classify_number('@{[gold(8)]}')",
	'BEGIN READ ONLY',
	'SELECT cardgen.expire_cards()',
	'ROLLBACK',
	q{UPDATE cardgen.card SET expires_on = current_date - 1 WHERE customer_id IN ('bob', 'joe')},
	'SELECT cardgen.expire_cards()',
	'SELECT cardgen.expire_cards()',
	'SELECT number, series_name, status, status_label, customer_id FROM cardgen.card_details ORDER BY number',
	q{SELECT cardgen.retain_batch(2, 'infinity')},
	'SELECT cardgen.retain_batch(2, now())',
	'SELECT cardgen.remove_batch(99)',
	'SELECT cardgen.remove_batch(1)',
	'SELECT * FROM cardgen.remove_expired_batches(0)',
	'SELECT * FROM cardgen.remove_expired_batches(1)',
	'SELECT * FROM cardgen.remove_expired_batches()',
	(map { "SELECT cardgen.classify_number('$_')" } gold(2), gold(3), gold(7), 'R000018', 'R000026'),
	'SELECT * FROM cardgen.series_usage ORDER BY code',
	'SELECT batch_id, count(*), count(DISTINCT number) FROM cardgen.generated_card GROUP BY batch_id ORDER BY batch_id',
	'SELECT number, from_label, to_label, from_customer_id, to_customer_id, changed_by = session_user, reason'
		. ' FROM cardgen.card_status_log ORDER BY number, change_id',
	'SELECT number, batch_id, ordinal, status, status_label, customer_id, expires_on - issued_on::date, replaces, replaced_by'
		. ' FROM cardgen.card ORDER BY number');
my $script = join '', map { "\\echo $_\n$_;\n\\echo :SQLSTATE\n" } @statements;
my ($answers, $expected) = map { my ($status, $output) = $coordinator->psql($_, $script, on_error_stop => 0); $output } qw(loyalty plain);
same_text($answers, $expected, 'every function answers as on one server');
cmp_ok(scalar(() = $expected =~ /^00000$/mg), '>', 60, 'most of the statements work there');

is($session->query(qq{
	SELECT status FROM cardgen.issue_card('@{[gold(2600)]}', 'eva');
	SELECT status FROM cardgen.set_card_status('@{[gold(2600)]}', 'ACTIVE');
	SELECT cardgen.expire_cards();
	SELECT card_count FROM cardgen.generate_batch('GOLD', 10);
	SELECT missing FROM cardgen.batch, cardgen.verify_batch(batch_id) ORDER BY batch_id DESC LIMIT 1}),
	"issued\nactive\n0\n10\n0", 'a session from before goes on');

# On a worker there is nothing that a function could work with.
foreach my $call (q{cardgen.create_series('BLUE', 'Blue', 10)}, q{cardgen.classify_number('R000003')}, 'cardgen.distribute()', 'cardgen.wrap_keys()')
{
	fails_with($workers[0], 'loyalty', "SELECT $call", '55000', "a worker refuses $call");
}
fails_with($coordinator, 'loyalty', 'SELECT cardgen.classify_number(number) FROM cardgen.generated_card', '55000',
	'also where Citus sends the call there');

# Workers know the caller of a function as its owner, but of a view as such.
run_sql(q{
	CREATE ROLE shop_backend LOGIN;
	GRANT USAGE ON SCHEMA cardgen TO shop_backend;
	GRANT EXECUTE ON FUNCTION cardgen.generate_cards, cardgen.issue_new_card TO shop_backend;
	GRANT SELECT ON cardgen.card_details TO shop_backend});
my @as_backend = (extra_params => [ '-U', 'shop_backend' ]);
is($coordinator->safe_psql('loyalty', q{
	SELECT count(*) FROM cardgen.generate_cards('GOLD', 10);
	SELECT status FROM cardgen.issue_new_card('GOLD', 'pat')}, @as_backend),
	"10\nissued", 'a role without a right to any table generates and issues');
is(run_sql(q{SELECT changed_by FROM cardgen.card_status_log JOIN cardgen.card USING (number) WHERE customer_id = 'pat'}),
	'shop_backend', 'the log has its name');
run_sql(q{
	GRANT SELECT ON cardgen.card, cardgen.series TO shop_backend;
	SELECT run_command_on_workers('GRANT USAGE ON SCHEMA cardgen TO shop_backend')});
is($coordinator->safe_psql('loyalty', qq{
	SELECT series_name FROM cardgen.card_details WHERE customer_id = 'pat';
	SELECT customer_id FROM cardgen.card_details WHERE number = '@{[gold(2600)]}'}, @as_backend),
	"Gold\neva", 'with more grants it reads card_details');

# Who waits for whom.
run_sql(q{SELECT cardgen.create_series('BLUE', 'Blue', 12, prefix => '9000', check_digit => 'luhn', max_active_cards => 100,
	batch_retention => '1 microsecond')});
my $impatient = q{SET lock_timeout = '10s'; SET statement_timeout = '60s';};

$session->query(q{BEGIN; SELECT cardgen.generate_batch('BLUE', 1000)});
is(run_sql("$impatient SELECT card_count FROM cardgen.generate_batch('GOLD', 1000)"), 1000, 'two series at a time');
$session->query('COMMIT');

run_sql(q{SELECT cardgen.generate_batch('BLUE', 100)}) foreach 1 .. 3;
$session->query('BEGIN; SELECT cardgen.remove_batch(max(batch_id)) FROM cardgen.batch');
is(run_sql("$impatient SELECT * FROM cardgen.remove_expired_batches()"), '3|1200', 'two removals at a time');
is(run_sql("$impatient SELECT status FROM cardgen.issue_new_card('BLUE', 'cat')"), 'issued', 'and an issue');
$session->query('COMMIT');

run_sql(q{
	SELECT count(*) FROM (SELECT cardgen.issue_new_card('BLUE', 'dan') FROM generate_series(1, 40)) cards;
	UPDATE cardgen.card SET expires_on = current_date - 1 WHERE customer_id = 'dan'});
$session->query(q{BEGIN; SELECT cardgen.set_card_status(min(number), 'ACTIVE') FROM cardgen.card WHERE customer_id = 'dan'});
is(run_sql("$impatient SELECT cardgen.expire_cards()"), 39, 'a card that is being changed does not expire');
$session->query('COMMIT');
is(run_sql('SELECT cardgen.expire_cards()'), 1, 'but the next time');

$session->query(q{BEGIN; SELECT cardgen.issue_new_card('BLUE', 'lea')});
is(sqlstate($coordinator, 'loyalty', q{SET lock_timeout = '200ms'; SELECT cardgen.issue_new_card('GOLD', 'lea')}),
	'55P03', 'issues to one customer wait for each other');
$session->query('COMMIT');

# In one phase a worker would commit before the coordinator.
foreach my $change (q{cardgen.generate_batch('BLUE', 1)}, q{cardgen.issue_new_card('BLUE', 'zoe')},
	q{cardgen.set_card_status(min(number), 'ACTIVE') FROM cardgen.card WHERE customer_id = 'zoe'},
	q{cardgen.replace_card(min(number)) FROM cardgen.card WHERE customer_id = 'zoe'},
	q{cardgen.transfer_card(min(number), 'zac') FROM cardgen.card WHERE customer_id = 'zoe' AND status = 'active'},
	q{cardgen.merge_customers('zac', 'zoe')}, q{* FROM cardgen.issue_new_cards('BLUE', ARRAY['zoe', 'zac'])},
	'cardgen.remove_batch(max(batch_id)) FROM cardgen.batch')
{
	my ($status, $output, $sent) = $coordinator->psql('loyalty', "SET citus.log_remote_commands = on; SET client_min_messages = log; SELECT $change");
	like($sent, qr/PREPARE TRANSACTION/, "two phases: $change");
	unlike($sent, qr/issuing COMMIT$/m, "nothing in one: $change");
}

# A worker's snapshot could be older than the newest card of a customer.
my $strict = 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT';
foreach my $change (q{cardgen.issue_new_card('BLUE', 'kai')}, q{cardgen.replace_card(min(number)) FROM cardgen.card WHERE customer_id = 'zoe'},
	q{cardgen.merge_customers('zoe', 'kai')}, 'cardgen.remove_batch(max(batch_id)) FROM cardgen.batch')
{
	fails_with($coordinator, 'loyalty', "$strict $change", '0A000', "not at a higher isolation level: $change");
}
is(run_sql("$strict cardgen.generate_batch('GOLD', 10) IS NULL; COMMIT"), 'f', 'but generation works there');

# A worker stops, at a moment that is known and at others.
run_sql(q{
	SELECT cardgen.create_series('STORM1', 'Storm', 13, '9', check_digit => 'luhn');
	SELECT cardgen.create_series('STORM2', 'Storm', 14, '9', check_digit => 'luhn', max_active_cards => 1000000)});
my $generate = q{SELECT count(*) FROM (SELECT cardgen.generate_batch('STORM1', 500) FROM generate_series(1, 8)) batches};

is($session->query("BEGIN; $generate"), 8, 'batches on both workers');
$workers[0]->stop('immediate');
$session->query('COMMIT');
is($session->query($generate), '', 'not without a worker');
$workers[0]->start;
is(run_sql('SELECT count(*) FROM cardgen.batch WHERE series_code = ' . q{'STORM1'}), 0, 'what it did not commit is not there');
all_is_well('stopped before a commit');
kill 'STOP', $workers[0]->{_pid};
is(sqlstate($coordinator, 'loyalty', "SET statement_timeout = '1s'; $generate"), '57014', 'a worker that hangs: a timeout helps');
kill 'CONT', $workers[0]->{_pid};
all_is_well('hung');
is($session->query($generate), 8, 'the same session generates again');
$session->quit;

foreach my $round (0 .. 2)
{
	my $request_id = "c0000000-0000-0000-0000-00000000000$round";
	my $order = "SET cardgen.max_cards_per_call = 1000; CALL cardgen.generate_order('STORM1', %d, request_id => '$request_id');\n";
	my $orders = in_background(sprintf $order, 1000000);
	my $issues = in_background(q{SELECT number FROM cardgen.issue_new_card('STORM2', 'ida');} . "\n" => 5000);
	my $next = q{SELECT sum(next_ordinal) FROM cardgen.series_counter WHERE series_code LIKE 'STORM_'};
	my $enough = run_sql($next) + 3000 + 7000 * $round;

	$coordinator->poll_query_until('loyalty', "SELECT ($next) > $enough");
	$workers[ $round % 2 ]->stop('immediate');
	foreach ($orders, $issues)
	{
		IPC::Run::finish($_->{process});
		like($_->{errors}, qr/ERROR:/, "round $round: an error without a worker");
	}
	$workers[ $round % 2 ]->start;
	all_is_well("round $round");

	my @acknowledged = split /\n/, $issues->{output};
	is(run_sql("SELECT count(*) FROM cardgen.card WHERE number = ANY ('{" . join(',', @acknowledged) . "}')"),
		scalar @acknowledged, 'a card that was returned is there');
	my $done = run_sql("SELECT sum(card_count) FROM cardgen.order_batches('$request_id')");
	run_sql(sprintf $order, $done + 1500);
	is(run_sql("SELECT sum(card_count) FROM cardgen.order_batches('$request_id')"), $done + 1500, 'the order goes on');
}

# As README says: dumped while nothing changes, restored anywhere.
run_sql('REINDEX INDEX CONCURRENTLY cardgen.generated_card_batch_id');
my $dump = $coordinator->basedir . '/dump';
my $holder = $coordinator->background_psql('loyalty');
$holder->query_safe('BEGIN; LOCK TABLE cardgen.batch, cardgen.series_counter, cardgen.card IN SHARE MODE');
$coordinator->command_ok([ 'pg_dump', '-Fc', '-e', 'cardgen', '-f', $dump, '-d', $coordinator->connstr('loyalty') ], 'pg_dump');
$holder->quit;
$coordinator->safe_psql('postgres', 'CREATE DATABASE restored');
$coordinator->command_ok([ 'pg_restore', '-d', $coordinator->connstr('restored'), $dump ], 'pg_restore');
same_text(table_contents($coordinator, 'restored'), table_contents($coordinator, 'loyalty'), 'the same without Citus');

done_testing();

sub run_sql
{
	return $coordinator->safe_psql('loyalty', $_[0]);
}

sub gold
{
	return sprintf 'GOLD%016d2021', $_[0];
}

# A psql that runs a statement, or many of the kind, and stops at an error.
sub in_background
{
	my ($statement, $times) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . '/statements';
	my %run = (output => '', errors => '');

	append_to_file($file, $statement x ($times // 1));
	$run{process} = IPC::Run::start([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-f', $file, '-d', $coordinator->connstr('loyalty') ],
		'>', \$run{output}, '2>', \$run{errors});
	return \%run;
}

# Nothing is half there or there twice, and no number was passed over.
sub all_is_well
{
	my ($when) = @_;

	run_sql('SELECT recover_prepared_transactions()');
	$_->poll_query_until('loyalty', 'SELECT count(*) = 0 FROM pg_prepared_xacts') or fail('nothing is left prepared') foreach @workers;
	is(run_sql(q{
		SELECT count(*) FILTER (WHERE (stored, missing, unexpected) IS DISTINCT FROM (b.card_count, 0, 0))
		FROM cardgen.batch b, cardgen.verify_batch(b.batch_id)}), 0, "$when: every batch is whole");
	is(run_sql(q{
		SELECT count(*) FROM (SELECT DISTINCT batch_id FROM cardgen.generated_card) g LEFT JOIN cardgen.batch b USING (batch_id)
		WHERE b.batch_id IS NULL}), 0, "$when: no numbers without a batch");
	is(run_sql('SELECT count(*) - count(DISTINCT number) FROM cardgen.generated_card'), 0, "$when: none twice");
	is(run_sql(q{
		SELECT sum(next_ordinal) FROM cardgen.series_counter WHERE series_code LIKE 'STORM_'}),
		run_sql(q{SELECT coalesce(sum(card_count), 0) FROM cardgen.batch WHERE series_code LIKE 'STORM_'})
		+ run_sql(q{SELECT count(*) FROM cardgen.card WHERE series_code LIKE 'STORM_' AND batch_id IS NULL}),
		"$when: counters say what there is");
	is(run_sql(q{SELECT count(*) FROM (SELECT number FROM cardgen.card_status_log WHERE to_label = 'ISSUED'
		EXCEPT SELECT number FROM cardgen.card) x}), 0, "$when: no log without its card");
}
