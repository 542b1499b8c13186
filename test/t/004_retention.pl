# Ten retention cycles: the table of numbers does not grow, and reading one
# batch costs what it costs in a new table, also where the cards of batches that
# have left the list can be issued for good. Small batches in the space of large
# ones stay whole.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CardgenTest;
use List::Util qw(max);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Vacuum comes when the test wants it.
my $server = new_server('main', configuration => "autovacuum = off\n");
$server->start;

try_shape('alike', 'batches of one age and size',
	{ code => 'ONE', cards => 10000, batches => 3, kept => 3 });
try_shape('mixed', 'batches of three ages and sizes',
	{ code => 'DAY', cards => 7000, batches => 2, kept => 1 },
	{ code => 'WEEK', cards => 12000, batches => 1, kept => 3 },
	{ code => 'MONTH', cards => 15000, batches => 1, kept => 6 });
try_shape('stock', 'batches of plastic', 
	{ code => 'SHOP', cards => 10000, batches => 3, kept => 3, options => ", card_type => 'physical', method => 'sequential'" });
check_stock('stock', 14 * 3, 10000);
try_small_batches();

done_testing();

# Each cycle generates some batches of each series, and removes those that were
# generated before the last "kept" cycles. The new table has as many batches of
# each series as are there between the two.
sub try_shape
{
	my ($database, $name, @series) = @_;
	my $oldest = max(map { $_->{kept} } @series);
	my $new = "new_$database";

	create($_, @series) foreach ($new, $database);
	run($new, map { generate(0, $_) } map { my $age = $_; grep { $_->{kept} >= $age } @series } reverse 0 .. $oldest);
	run($new, 'VACUUM cardgen.generated_card');

	foreach my $cycle (1 .. $oldest + 10)
	{
		run($database, map { generate($cycle, $_) } @series);
		run($database, remove($cycle, @series), 'VACUUM cardgen.generated_card');
	}
	run($database, map { generate(0, $_) } @series);
	run($database, 'VACUUM cardgen.generated_card');

	my ($batches, $blocks, $size) = measure($database);
	my ($new_batches, $new_blocks, $new_size) = measure($new);

	is($batches, $new_batches, "$name: $batches batches are there");
	cmp_ok($new_blocks, '>=', $new_size, "$name: together they are read once");
	cmp_ok($blocks, '<=', 1.5 * $new_blocks, "$name: blocks read, batch by batch");
	cmp_ok($size, '<=', 1.1 * $new_size, "$name: blocks of the table");
	is($server->safe_psql($database, q{
			SELECT count(*) FROM cardgen.generated_batches, LATERAL cardgen.verify_batch(batch_id) v
			WHERE (v.stored, v.missing, v.unexpected) <> (v.card_count, 0, 0)}), '0', "$name: every batch is whole");
	is($server->safe_psql($database, 'SELECT sum(generated) FROM cardgen.series_usage'),
		($oldest + 11) * eval { my $sum = 0; $sum += $_->{cards} * $_->{batches} foreach @series; $sum },
		"$name: no number was used again");
}

# Each new connection begins at another page with free space, so that old and
# new batches share each range of pages.
sub try_small_batches
{
	my $count = 150;
	my $database = 'small';
	my %large = (code => 'LARGE', cards => 10000, batches => 1, kept => 1);

	create($database, \%large, { code => 'SMALL' });
	run($database, generate(1, \%large), generate(0, \%large), generate(1, \%large));
	run($database, remove(1, \%large), 'VACUUM cardgen.generated_card');
	run($database, q{SELECT cardgen.generate_batch('SMALL', 20)}) foreach 1 .. $count;
	run($database, 'VACUUM cardgen.generated_card');
	is($server->safe_psql($database, q{SELECT count(*) FROM cardgen.generated_batches WHERE series_code = 'SMALL'}),
		$count, "small batches: $count are there");

	run($database, q{
		UPDATE cardgen.batch SET expires_on = now(), issuable_until = now()
		WHERE series_code = 'SMALL' AND batch_id % 10 <> 0});
	is($server->safe_psql($database, 'SELECT * FROM cardgen.remove_expired_batches()'), '135|2700|0',
		'small batches: all but each tenth are removed');
	is($server->safe_psql($database, q{
			SELECT count(*), sum(stored), sum(missing), sum(unexpected), (SELECT count(*) FROM cardgen.generated_card)
			FROM cardgen.batch, LATERAL cardgen.verify_batch(batch_id)}), '17|20300|0|0|20300',
		'small batches: those between are whole');
}

sub create
{
	my ($database, @series) = @_;

	$server->safe_psql('postgres', "CREATE DATABASE $database");
	# These batches are small ones, and so are the ranges that are summarized.
	run($database, 'CREATE EXTENSION cardgen',
		'ALTER INDEX cardgen.generated_card_batch_id SET (pages_per_range = 4)',
		'REINDEX INDEX cardgen.generated_card_batch_id',
		'CREATE TABLE made (batch_id int, code text, cycle int)',
		map { "SELECT cardgen.create_series('$series[$_]{code}', 'Series', 12, prefix => '$_'"
			  . ($series[$_]{options} // '') . ')' } 0 .. $#series);
}

# Statements, each a transaction.
sub run
{
	my ($database, @statements) = @_;

	$server->safe_psql($database, join ";\n", @statements);
}

sub generate
{
	my ($cycle, $series) = @_;

	return ("INSERT INTO made SELECT batch_id, series_code, $cycle FROM cardgen.generate_batch('$series->{code}', $series->{cards})")
	  x $series->{batches};
}

sub remove
{
	my ($cycle, @series) = @_;

	return (
		map({ qq{
			UPDATE cardgen.batch
			SET expires_on = now(), issuable_until = CASE WHEN issuable_until IS NOT NULL THEN now() END FROM made m
			WHERE m.batch_id = batch.batch_id AND m.code = '$_->{code}' AND m.cycle <= $cycle - $_->{kept}} } @series),
		'SELECT * FROM cardgen.remove_expired_batches()');
}

sub measure
{
	my ($database) = @_;
	my @batches = split /\n/, $server->safe_psql($database, 'SELECT batch_id FROM cardgen.generated_batches ORDER BY batch_id');
	my $plans = $server->safe_psql($database, join "\n",
		'SET enable_seqscan = off;',
		map { qq{
			EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON)
			SELECT count(*) FROM cardgen.generated_card WHERE batch_id = $_;} } @batches);
	my $blocks = 0;

	$blocks += $_ foreach $plans =~ /"(?:Exact|Lossy) Heap Blocks": (\d+)/g;
	note "$database: " . scalar(@batches) . " batches, $blocks blocks read";
	return (scalar(@batches), $blocks,
		$server->safe_psql($database, q{SELECT pg_relation_size('cardgen.generated_card') / current_setting('block_size')::int}));
}

# A batch that has left the list is a row and nothing else, and its cards are there.
sub check_stock
{
	my ($database, $batches, $cards) = @_;

	is($server->safe_psql($database, 'SELECT count(*) FROM cardgen.card_stock'), $batches, 'stock: every batch is there');
	is($server->safe_psql($database, q{
			SELECT string_agg(relname, ' ') FROM pg_class
			WHERE relnamespace = 'cardgen'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 8192
				AND relname NOT IN ('generated_card', 'batch')}), '', 'stock: no other table has a second page');
	is($server->safe_psql($database, qq{
			SELECT count(*) FROM generate_series(1, 12) b,
				LATERAL cardgen.issue_card('0' || lpad((b * $cards - 1)::text, 12, '0'), 'c' || b) i WHERE i.batch_id = b}), 12,
		'stock: a card of each of the first batches is issued');
	is($server->safe_psql($database, q{SELECT cardgen.retain_batch(1, 'infinity'); SELECT * FROM cardgen.verify_batch(1)}),
		"\n$cards|$cards|0|0", 'stock: a list is back, the whole of it');
}
