# What the functions read: no table that grows is read from end to end, not
# even by plans that were made while it was empty, and looking up many numbers
# in one statement reads the configuration and makes plans once.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CardgenTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @growing = qw(batch card card_status_log free_range generated_card reserved_range);
my @configuration = qw(series series_key status_label);

# Vacuum makes the index's summaries by a scan that is counted as well.
my $server = new_server('main', configuration => "autovacuum = off\nlog_statement = none\n");
$server->start;
$server->safe_psql('postgres', 'CREATE EXTENSION cardgen');
$server->safe_psql('postgres', <<'SQL');
SELECT cardgen.create_series('GOLD', 'Gold card', 12, '9000', check_digit => 'luhn', max_active_cards => 1000000);
SELECT cardgen.create_series('CLUB', 'Club card', 9, 'C', method => 'sequential', max_active_cards => 1000000, card_expiry_days => 9);
SELECT cardgen.create_series('BRIEF', 'Brief card', 12, '5000', batch_retention => '1 microsecond');
SELECT cardgen.create_status_label('Printed', 'not_issued');
CREATE TABLE counts (relname name, seq_scan bigint, idx_scan bigint, idx_tup_fetch bigint);
SQL

# Each function, in this order, with the variables of psql that call_all() sets.
my @calls = (
	[ generate_batch => "SELECT * FROM cardgen.generate_batch('GOLD', 5, request_id => :'request')" ],
	[ generate_batch => "SELECT * FROM cardgen.generate_batch('GOLD', 5, request_id => :'request')" ],
	[ generate_batch => "SELECT * FROM cardgen.generate_batch('BRIEF', 5)" ],
	[ generate_cards => "SELECT * FROM cardgen.generate_cards('GOLD', 5, 'Printed')" ],
	[ generate_order => "CALL cardgen.generate_order('GOLD', 5, request_id => :'order_id')" ],
	[ order_batches => "SELECT * FROM cardgen.order_batches(:'order_id')" ],
	[ download_batch => 'SELECT cardgen.download_batch(:batch)' ],
	[ verify_batch => 'SELECT * FROM cardgen.verify_batch(:batch)' ],
	[ set_batch_label => "SELECT cardgen.set_batch_label(:batch, 'Printed')" ],
	[ retain_batch => "SELECT cardgen.retain_batch(:batch, 'infinity')" ],
	[ find_card => "SELECT * FROM cardgen.find_card(:'number')" ],
	[ classify_number => "SELECT cardgen.classify_number(:'number')" ],
	[ issue_card => "SELECT * FROM cardgen.issue_card(:'number', 'ann')" ],
	[ issue_new_card => "SELECT * FROM cardgen.issue_new_card('CLUB', 'ann')" ],
	[ set_card_status => "SELECT * FROM cardgen.set_card_status(:'number', 'ACTIVE')" ],
	[ set_card_status => "SELECT * FROM cardgen.set_card_status(:'other_number', 'NOT_ISSUED')" ],
	[ import_cards => "SELECT * FROM cardgen.import_cards('GOLD', ARRAY[:'number'])" ],
	[ issue_new_cards => "SELECT * FROM cardgen.issue_new_cards('CLUB', ARRAY['bob', 'cem'])" ],
	[ issue_cards => "SELECT * FROM cardgen.issue_cards(ARRAY[:'other_number', :'number'], ARRAY['bob', 'cem'])" ],
	[ set_card_statuses => "SELECT * FROM cardgen.set_card_statuses(ARRAY[:'other_number', :'number'], 'SUSPENDED')" ],
	[ transfer_card => "SELECT * FROM cardgen.transfer_card(:'number', 'dee')" ],
	[ merge_customers => "SELECT cardgen.merge_customers('dee', 'eve')" ],
	[ replace_card => "SELECT * FROM cardgen.replace_card(:'number')" ],
	[ find_card => "SELECT * FROM cardgen.find_card(:'number')" ],
	[ classify_number => "SELECT cardgen.classify_number(:'number')" ],
	[ import_cards => "SELECT * FROM cardgen.import_cards('CLUB', ARRAY['C999' || lpad((:batch)::text, 6, '0'), 'C000000001'], ARRAY['bob', 'cem'], expires_on => ARRAY['2020-01-01', '2020-01-01']::date[])" ],
	[ expire_cards => 'SELECT cardgen.expire_cards()' ],
	[ remove_batch => 'SELECT cardgen.remove_batch(:batch)' ],
	[ remove_expired_batches => 'SELECT * FROM cardgen.remove_expired_batches()' ],
	[ skip_numbers => "SELECT cardgen.skip_numbers('GOLD', 1)" ],
	[ create_status_label => "SELECT cardgen.create_status_label('Label ' || :batch, 'not_issued')" ],
	[ set_default_label => "SELECT cardgen.set_default_label('Label ' || :batch)" ],
	[ create_series => "SELECT cardgen.create_series('S' || :batch, 'One more', 9, 'S' || :batch)" ],
	[ alter_series => "SELECT cardgen.alter_series('S' || :batch, 'The same')" ],
	[ drop_series => "SELECT cardgen.drop_series('S' || :batch)" ]);

my %called = map { $_->[0] => 1 } @calls;
foreach my $function (split /\n/, $server->safe_psql('postgres', <<'SQL'))
SELECT proname FROM pg_proc
WHERE pronamespace = 'cardgen'::regnamespace AND prorettype <> 'trigger'::regtype AND proname NOT IN ('distribute', 'wrap_keys')
SQL
{
	ok($called{$function}, "$function is tried");
}

my $count_scans = <<'SQL';
SELECT FROM pg_stat_force_next_flush();
INSERT INTO counts SELECT relname, seq_scan, idx_scan, idx_tup_fetch FROM pg_stat_user_tables WHERE schemaname = 'cardgen';
SQL
my $show_scans = <<'SQL';
SELECT FROM pg_stat_force_next_flush();
SELECT 'scans', :'name', relname, now.seq_scan - was.seq_scan, now.idx_scan - was.idx_scan, now.idx_tup_fetch - was.idx_tup_fetch
FROM pg_stat_user_tables now JOIN counts was USING (relname) WHERE schemaname = 'cardgen';
DELETE FROM counts;
SQL

# Statements for psql that do something and tell what it read.
sub counted
{
	my ($name, $statement) = @_;
	return "\\set name '$name'\n$count_scans$statement;\n$show_scans";
}

sub call_all
{
	my ($time) = @_;
	my $script = <<"SQL";
SELECT gen_random_uuid() AS request, gen_random_uuid() AS order_id \\gset
SELECT batch_id AS batch, min(number) AS number, max(number) AS other_number
FROM cardgen.generate_cards('CLUB', 5) GROUP BY batch_id \\gset
SQL
	return $script . join '', map { counted("$_->[0], $time", $_->[1]) } @calls;
}

my $many_look_ups = counted('100,000 look-ups', <<'SQL');
SELECT count(f.number) FROM (SELECT number FROM cardgen.generated_card ORDER BY number LIMIT 100000) n,
	LATERAL cardgen.find_card(n.number) f
SQL

# A session that calls everything while the tables are as good as empty, and
# stays while they grow: its plans remain.
# Its first temporary table adds a schema to the search path, which is there
# already: an earlier session has left it.
my $kept_open = call_all('new tables') . 'ANALYZE; ' . call_all('small tables')
  . 'CREATE TEMPORARY TABLE first (); ' . call_all('small tables, and a temporary one') . <<'SQL' . call_all('large tables, old plans') . $many_look_ups;
SELECT FROM generate_series(99990, 100000) n, LATERAL cardgen.generate_batch('GOLD', n);
SELECT count(c.number) FROM (SELECT number FROM cardgen.generated_card ORDER BY batch_id DESC LIMIT 20000) n,
	LATERAL cardgen.issue_card(n.number, n.number) c;
SQL
my $new = "LOAD 'cardgen';\n" . call_all('large tables, new plans') . $many_look_ups;

$server->safe_psql('postgres', 'CREATE TEMPORARY TABLE first ()');
my %results = (
	'kept open' => run_script($kept_open),
	'new' => run_script($new),
	'new, after vacuum' => run_script("VACUUM ANALYZE;\n$new"));

foreach my $session (sort keys %results)
{
	check_scans($session, $results{$session});
}
is($server->safe_psql('postgres', 'SELECT count(*) > 1000000 FROM cardgen.generated_card'), 't', 'there are more than a million numbers');
is($server->safe_psql('postgres', 'SELECT count(*) > 20000 FROM cardgen.card'), 't', 'there are many cards');

my $few = count_plans(2);
is(count_plans(2000), $few, '2,000 look-ups make as many plans as two do');
is(count_plans(2000, 'force_custom_plan'), $few, 'whatever plan_cache_mode is');
cmp_ok($few, '>', 0, 'plans are counted');

done_testing();

sub run_script
{
	my ($script) = @_;
	return $server->safe_psql('postgres', $script, on_error_stop => 1);
}

sub check_scans
{
	my ($session, $output) = @_;
	my (%seen, @wrong);

	foreach my $line (split /\n/, $output)
	{
		my ($kind, $name, $table, $seq_scans, $index_scans, $rows) = split /\|/, $line;
		next unless $kind eq 'scans';
		$seen{$name} = 1;

		# The statement that looks up the numbers scans them to find them.
		my $own_scans = $name =~ /look-ups/ && $table eq 'generated_card' ? 1 : 0;
		if (grep { $_ eq $table } @growing)
		{
			push @wrong, "$name: $table has been read from end to end" if $seq_scans > $own_scans;
			push @wrong, "$name: $rows rows of $table have been read by an index" if $rows > 1000 && $table ne 'generated_card' && $name !~ /look-ups/;
		}
		next unless $name =~ /look-ups/;
		push @wrong, "$name: $table was read " . ($seq_scans + $index_scans) . ' times'
		  if $seq_scans + $index_scans > ((grep { $_ eq $table } @configuration) ? 5 : 100001);
	}
	is(join("\n", @wrong), '', "$session: nothing is read that need not be");
	cmp_ok(scalar keys %seen, '>', 20, "$session: all calls were counted");
}

# That a session makes to look up so many numbers in one statement.
sub count_plans
{
	my ($count, $plan_cache_mode) = @_;
	$plan_cache_mode //= 'auto';
	my ($status, $output, $errors) = $server->psql('postgres', <<"SQL");
SET plan_cache_mode = $plan_cache_mode;
SET client_min_messages = log;
SET debug_print_plan = on;
SELECT count(f.number) FROM (SELECT number FROM cardgen.generated_card LIMIT $count) n, LATERAL cardgen.find_card(n.number) f;
SQL
	is($output, $count, "$count numbers are looked up");
	my @plans = $errors =~ /LOG:  plan:/g;
	return scalar @plans;
}
