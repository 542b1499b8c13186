# A backend's memory: what 100,000 cards take at most, and that nothing of it
# stays when the same is done again and again.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CardgenTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'it is not known how to measure memory here' unless -r '/proc/self/status';
plan skip_all => "the server runs under $ENV{POSTGRES_UNDER}" if $ENV{POSTGRES_UNDER};

# Kilobytes.
my $usual = 10240;
my $noise = 400;

# Shared memory, of which a backend sees more and more, is kept small.
my $server = new_server('main', configuration => <<'CONF');
shared_buffers = 2MB
autovacuum = off
jit = off
log_statement = none
CONF
$server->start;
$server->safe_psql('postgres', 'CREATE EXTENSION cardgen');
$server->safe_psql('postgres', <<'SQL');
SELECT cardgen.create_series('GOLD', 'Gold card', 12, '9000', check_digit => 'luhn');
SELECT cardgen.create_series('LONG', 'Long card', 120, 'L');
SELECT cardgen.create_series('BRIEF', 'Brief card', 12, '5000', batch_retention => '1 microsecond');
SELECT batch_id FROM cardgen.generate_batch('GOLD', 100000);
SQL

try('generate and download', 10, <<'SQL');
SELECT batch_id FROM cardgen.generate_batch('GOLD', 100000) \gset
COPY (SELECT cardgen.download_batch(:batch_id)) TO '/dev/null';
SQL

try('download to the client', 4, q{\copy (SELECT cardgen.download_batch(1)) TO '/dev/null'});

try('generate and return', 4, q{SELECT count(number) FROM cardgen.generate_cards('GOLD', 100000);});

try('generate and return in the select list', 4,
	q{COPY (SELECT (cardgen.generate_cards('GOLD', 100000)).number) TO '/dev/null';});

try('generate an order of long numbers', 3, q{CALL cardgen.generate_order('LONG', 200000);});

try('find', 3, <<'SQL');
SELECT count(f.number) FROM (SELECT number FROM cardgen.generated_card WHERE batch_id = 1) n,
	LATERAL cardgen.find_card(n.number) f;
SQL

try('classify', 3, <<'SQL');
SELECT count(cardgen.classify_number(number))
FROM (SELECT number FROM cardgen.generated_card WHERE batch_id = 1 LIMIT 30000) n;
SQL

try('verify', 3, 'SELECT * FROM cardgen.verify_batch(1);');

try('issue', 3, <<'SQL');
SELECT count(c.number) FROM (SELECT number FROM cardgen.generate_cards('GOLD', 10000)) n,
	LATERAL cardgen.issue_card(n.number, n.number) c;
SQL

# The arguments, as one value each, and what is known of each card meanwhile.
$server->safe_psql('postgres', <<'SQL');
SELECT cardgen.create_series('MANY', 'Many cards', 12, '7000', max_active_cards => 1000000);
CREATE TABLE customers AS SELECT array_agg('c' || n) AS ids FROM generate_series(1, 100000) n;
CREATE TABLE cards (numbers text[]);
SQL
try('issue many and change their status', 10, <<'SQL', 300000);
TRUNCATE cards;
INSERT INTO cards SELECT array_agg(number) FROM cardgen.generate_cards('MANY', 100000);
SELECT count(*) FROM cards, customers, LATERAL cardgen.issue_cards(numbers, ids) WHERE sqlstate IS NULL;
SELECT count(*) FROM cards, LATERAL cardgen.set_card_statuses(numbers, 'ACTIVE') WHERE sqlstate IS NULL;
SQL
try('issue many new ones', 10, <<'SQL', 300000);
SELECT count(*) FROM customers, LATERAL cardgen.issue_new_cards('MANY', ids) WHERE sqlstate IS NULL;
SQL

# Cards that are none any more, and as many batches as cards.
$server->safe_psql('postgres', <<'SQL');
SELECT batch_id, array_agg(number) AS numbers INTO gone FROM cardgen.generate_cards('MANY', 100000) GROUP BY 1;
SELECT cardgen.remove_batch(batch_id) FROM gone;
SET cardgen.max_cards_per_call = 1;
CALL cardgen.generate_order('MANY', 5000);
SELECT array_agg(number) AS numbers INTO of_batches FROM cardgen.generated_card JOIN cardgen.batch USING (batch_id)
WHERE series_code = 'MANY' AND card_count = 1;
SQL
try('change the status of many that have gone', 3, <<'SQL', 200000);
SELECT count(*) FROM gone, LATERAL cardgen.set_card_statuses(numbers, 'ACTIVE') WHERE error_name = 'batch_removed';
SQL
try('issue many of many batches', 3, <<'SQL', 25600);
SELECT count(*) FROM of_batches, customers, LATERAL cardgen.issue_cards(numbers, ids[1:5000]);
SQL

# As long as each other: a reason that is kept with every card.
try('change the status of many, with a long reason', 3, <<'SQL', 51200);
SELECT count(*) FROM of_batches, LATERAL cardgen.set_card_statuses(numbers[1:1000], 'ACTIVE', repeat('because ', 30000));
SELECT count(*) FROM of_batches, LATERAL cardgen.set_card_statuses(numbers[1:1000], 'SUSPENDED', repeat('because ', 30000));
SQL
$server->safe_psql('postgres', 'TRUNCATE cardgen.card, cardgen.card_status_log');

# Savepoints that a driver sets and does not release.
try('savepoints after a new card', 3, "SELECT FROM cardgen.issue_new_card('GOLD', gen_random_uuid()::text);\nBEGIN;\n"
	  . "SAVEPOINT s;\n" x 4000 . 'COMMIT;', 40960);

try('remove', 3, <<'SQL');
SELECT FROM generate_series(9998, 10000) n, LATERAL cardgen.generate_batch('BRIEF', n);
SELECT * FROM cardgen.remove_expired_batches();
SQL

# What is dead and not summarized would be read for each of them.
$server->safe_psql('postgres', 'VACUUM cardgen.generated_card');
try('remove many', 3, <<'SQL');
SET cardgen.max_cards_per_call = 1;
CALL cardgen.generate_order('BRIEF', 2000);
SELECT * FROM cardgen.remove_expired_batches();
SQL

try('generate an order of many parts', 3, <<'SQL');
SET cardgen.max_cards_per_call = 1;
CALL cardgen.generate_order('GOLD', 2000);
SQL

$server->safe_psql('postgres',
	q{SET cardgen.max_cards_per_call = 1; CALL cardgen.generate_order('GOLD', 2000, request_id => 'a0000000-0000-0000-0000-000000000001')});
try('list the parts of an order', 3, q{SELECT count(*) FROM cardgen.order_batches('a0000000-0000-0000-0000-000000000001');});

$server->safe_psql('postgres', q{SELECT count(*) FROM customers, LATERAL cardgen.issue_new_cards('MANY', ids)});
try('expire', 3, <<'SQL');
UPDATE cardgen.card SET status = 'issued', status_label = 'ISSUED', expires_on = current_date - 1;
SELECT cardgen.expire_cards();
SQL

# Of these 25 megabytes five are the arrays.
$server->safe_psql('postgres', <<'SQL');
SET client_min_messages = warning;
SELECT cardgen.create_series('OLD', 'Old card', NULL, method => 'imported');
SELECT cardgen.create_series('PLAIN', 'Plain card', 15, '8');
CREATE TABLE elsewhere AS
SELECT (n - 1) / 100000 AS part, array_agg('a-' || md5(n::text)) AS "OLD", array_agg('8' || lpad((n * 7919::bigint)::text, 15, '3')) AS "PLAIN",
	array_agg('customer ' || n) AS customer_ids, array_agg('ACTIVE'::text) AS status_labels, array_agg(now()) AS issued_on
FROM generate_series(1, 300000) n GROUP BY 1;
CREATE SEQUENCE old_part MINVALUE 0;
CREATE SEQUENCE plain_part MINVALUE 0;
SQL
foreach my $code (qw(OLD PLAIN))
{
	try("import into $code", 3, <<"SQL", 25600);
SELECT nextval('${code}_part') AS part \\gset
SELECT count(*) FROM elsewhere, cardgen.import_cards('$code', "$code", customer_ids, status_labels, issued_on) WHERE part = :part;
SQL
	try("import into $code again", 3, <<"SQL", 25600);
SELECT count(*) FROM elsewhere, cardgen.import_cards('$code', "$code", customer_ids, status_labels, issued_on) WHERE part = 0;
SQL
}

try('configure', 4, <<'SQL');
DO $$
BEGIN
	FOR i IN 1 .. 300 LOOP
		PERFORM cardgen.alter_series('GOLD', 'Gold card ' || i);
		PERFORM cardgen.classify_number('9000000000000002');
	END LOOP;
END $$;
SQL

done_testing();

# Do it again and again in one session, and measure after each time.
sub try
{
	my ($name, $times, $statements, $most) = @_;
	$most //= $usual;
	my $measure = "SELECT 'Contexts: ' || sum(total_bytes)::bigint / 1024 || ' kB' FROM pg_backend_memory_contexts;\n"
	  . '\! grep -E "^(RssAnon|RssFile|RssShmem|VmHWM):" /proc/$PID/status' . "\n\\echo measured\n";
	my $reset = '\! echo 5 > /proc/$PID/clear_refs; sed -n s/^RssAnon/Before/p /proc/$PID/status' . "\n";

	my $output = $server->safe_psql('postgres', <<"SQL" . "$reset$statements\n$measure" x $times);
SET client_min_messages = warning;
SELECT pg_backend_pid() AS pid \\gset
\\setenv PID :pid
SELECT FROM cardgen.generate_cards('GOLD', 10);
SELECT FROM cardgen.download_batch(1);
SELECT FROM cardgen.series, cardgen.generated_batches, cardgen.card_details LIMIT 1;
$measure
SQL
	my @rounds = map { { /^(\w+):\s+(\d+) kB$/mg } } split /^measured$/m, $output;
	is(scalar(grep { $_->{RssAnon} } @rounds), $times + 1, "$name: memory was measured");
	note("$name: " . join ' ', map { "$_->{RssAnon}/$_->{VmHWM}" } @rounds[ 0 .. $times ]);

	# Not the buffers and files of others: what it has seen of them it has seen afterwards, too.
	my $peak = $rounds[1]->{VmHWM} - $rounds[1]->{RssShmem} - $rounds[1]->{RssFile};
	cmp_ok($peak - $rounds[1]->{Before}, '<=', $most, "$name: memory while it is done");
	cmp_ok($rounds[1]->{RssAnon} - $rounds[0]->{RssAnon}, '<=', $most, "$name: memory after the first time");

	# libc keeps pieces of what large calls took, now more and now less: of them only what is in use counts.
	cmp_ok($rounds[$times]->{RssAnon} - $rounds[2]->{RssAnon}, '<=', $noise, "$name: none is added from then on")
	  if $most == $usual;
	cmp_ok($rounds[$times]->{Contexts} - $rounds[2]->{Contexts}, '<=', $noise, "$name: nor is more of it in use");
}
