# Many sessions at once on one series and on the same cards: new cards one by
# one, in arrays and in batches, committed, rolled back, prepared and cut off.
# Whatever becomes of each, every number is one card's or nobody's, the counts
# say so, and nobody is stopped by a deadlock.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CardgenTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $server = new_server('main', configuration => "max_prepared_transactions = 5\nfsync = off\n");
$server->start;
at('CREATE EXTENSION cardgen');
at(q{
	SELECT cardgen.create_series('HOT', 'Hot', 6, prefix => '1', method => 'sequential', max_active_cards => 1000000);
	SELECT cardgen.create_series('FEW', 'Few', 4, prefix => '2', method => 'sequential', card_offset => 8000, max_active_cards => 1000000);
	SELECT cardgen.create_series('OLD', 'Old', 4, prefix => '3', method => 'sequential', max_active_cards => 2);
	SELECT cardgen.generate_batch('OLD', 300)});

my %script = (
	one => "SELECT number FROM cardgen.issue_new_card('HOT', 'a' || :n);",
	rolled_back => "BEGIN; SELECT number FROM cardgen.issue_new_card('HOT', 'b' || :n); ROLLBACK;",
	many => "SELECT count(number) FROM cardgen.issue_new_cards('HOT', ARRAY['c' || :n, 'd' || :n, 'e' || :n]);",
	batch => "SELECT card_count FROM cardgen.generate_batch('HOT', 7);",
	last => q{DO $$ BEGIN PERFORM cardgen.issue_new_card('FEW', 'g' || :n); EXCEPTION WHEN SQLSTATE '2200H' THEN END $$;},
	last_many => q{SELECT count(number) FROM cardgen.issue_new_cards('FEW', ARRAY['h' || :n, 'i' || :n, 'j' || :n]);},
	issue => q{SELECT count(*) FROM cardgen.issue_cards(ARRAY(SELECT cardgen.download_batch(1) ORDER BY random()),
		ARRAY(SELECT 'k' || i FROM generate_series(1, 300) AS i ORDER BY random()), 'ACTIVE');},
	status => q{SELECT count(*) FROM cardgen.set_card_statuses(ARRAY(SELECT cardgen.download_batch(1) ORDER BY random()),
		(ARRAY['ACTIVE', 'SUSPENDED'])[1 + :n % 2]);});
$script{$_} = one_line("\\set n random(1, 1000000000)\n", $script{$_}) foreach keys %script;

side_by_side('one series', 60, one => 12, rolled_back => 4, many => 3, batch => 2);
check('HOT', 'side by side');

# A session that has taken a number from a range is cut off; so is one that holds the counter.
my $session = $server->background_psql('postgres', on_error_stop => 0);
my $pid = $session->query_safe('SELECT pg_backend_pid()');
$session->query_safe("BEGIN; SELECT count(cardgen.issue_new_card('HOT', 'l' || i)) FROM generate_series(1, 100) AS i");
at("SELECT number FROM cardgen.issue_new_card('HOT', 'm')");
at("SELECT pg_terminate_backend($pid, 60000)");
check('HOT', 'cut off');
at(q{SELECT number FROM cardgen.issue_new_card('HOT', 'm')}) foreach 1 .. 5;
check('HOT', 'and goes on');

foreach my $end ('COMMIT', 'ROLLBACK')
{
	my $before = cards('HOT');

	at(q{BEGIN; SELECT count(cardgen.issue_new_card('HOT', 'n' || i)) FROM generate_series(1, 100) AS i; PREPARE TRANSACTION 'cards'});
	at("$end PREPARED 'cards'");
	is(cards('HOT') - $before, $end eq 'COMMIT' ? 100 : 0, "prepared, then $end");
	check('HOT', "prepared, then $end");
}

side_by_side('the last numbers', 300, last => 5, last_many => 1);
check('FEW', 'the last numbers');
is(at(q{SELECT generated, remaining FROM cardgen.series_usage WHERE code = 'FEW'}), '2000|0', 'all are used');

side_by_side('the same cards in other orders', 8, issue => 1, status => 2);
is(at(q{SELECT count(*), count(DISTINCT customer_id) <= count(*) FROM cardgen.card WHERE series_code = 'OLD'}), '300|t',
	'each card is issued once');
is(at(q{SELECT count(*) FROM (SELECT FROM cardgen.card WHERE series_code = 'OLD' GROUP BY customer_id HAVING count(*) > 2) AS c}), '0',
	'nobody holds more than allowed');
is(at(q{
		SELECT count(*) FROM (
			SELECT from_label, lag(to_label, 1, 'NOT_ISSUED') OVER (PARTITION BY number ORDER BY change_id) AS before
			FROM cardgen.card_status_log) AS log WHERE from_label <> before}), '0', 'the log replays');

is(join(' ', slurp_file($server->logfile) =~ /(deadlock detected|PANIC|TRAP)/g), '', 'no deadlock');

done_testing();

sub at
{
	return $server->safe_psql('postgres', $_[0]);
}

sub one_line
{
	my ($before, $statement) = @_;

	return $before . $statement =~ s/\s+/ /gr . "\n";
}

# Eight sessions, each so many transactions of the scripts by their weight.
sub side_by_side
{
	my ($name, $transactions, %weight) = @_;
	my @files;

	foreach my $script (sort keys %weight)
	{
		my $file = $server->basedir . "/$script.sql";

		append_to_file($file, $script{$script}) unless -e $file;
		push @files, '-f', "$file\@$weight{$script}";
	}
	$server->command_ok([ 'pgbench', '-n', '-c', 8, '-j', 2, '-t', $transactions, @files, 'postgres' ], "$name: nobody fails");
}

sub cards
{
	return at("SELECT count(*) FROM cardgen.card WHERE series_code = '$_[0]'");
}

sub check
{
	my ($series, $name) = @_;

	is(at(qq{
			WITH used AS (
				SELECT int8range(ordinal, ordinal + 1) AS r FROM cardgen.card WHERE series_code = '$series'
				UNION ALL SELECT unnest(coalesce(ordinals, int8multirange(int8range(first_ordinal, first_ordinal + card_count))))
					FROM cardgen.batch WHERE series_code = '$series'),
			free AS (
				SELECT int8range(first_ordinal, end_ordinal) AS r FROM cardgen.free_range
				WHERE series_code = '$series' AND first_ordinal < end_ordinal),
			every AS (SELECT r, lag(upper(r), 1, 0::bigint) OVER (ORDER BY r) AS behind FROM (TABLE used UNION ALL TABLE free) AS x)
			SELECT (SELECT count(*) FROM every WHERE lower(r) <> behind),
				(SELECT max(upper(r)) FROM every) = next_ordinal,
				u.generated = (SELECT sum(upper(r) - lower(r)) FROM used), u.remaining = u.capacity - u.generated
			FROM cardgen.series_counter JOIN cardgen.series_usage u ON code = series_code WHERE series_code = '$series'}), '0|t|t|t',
		"$name: each number below the counter is used once, or free");
	is(at(qq{
			SELECT string_agg(DISTINCT cardgen.classify_number('1' || lpad(n::text, 6, '0')), ' ')
			FROM cardgen.free_range, generate_series(first_ordinal, end_ordinal - 1) AS n WHERE series_code = '$series'}), 'never_generated',
		"$name: what is free was never generated") if $series eq 'HOT';
	every_batch_is_whole($server, 'postgres', $name);
}
