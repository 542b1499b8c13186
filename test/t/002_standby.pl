# On a standby whatever reads works, and whatever writes is refused with 25006.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CardgenTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = new_server('primary', allows_streaming => 1);
$primary->start;
$primary->safe_psql('postgres', q{
	CREATE EXTENSION cardgen;
	SELECT cardgen.create_series('GOLD', 'Gold card', 12, prefix => '9000', check_digit => 'luhn');
	SELECT cardgen.create_status_label('Printed', 'not_issued');
	SELECT cardgen.generate_batch('GOLD', 2000, request_id => '00000000-0000-0000-0000-000000000002');
	SELECT cardgen.generate_batch('GOLD', 50);
});
$primary->safe_psql('postgres', q{
	CALL cardgen.generate_order('GOLD', 10, request_id => '00000000-0000-0000-0000-000000000001')});
my @numbers = split /\n/, numbers_of($primary, 'postgres', 1);
$primary->safe_psql('postgres', $_) foreach (
	"SELECT cardgen.issue_card('$numbers[0]', 'ann')",
	"SELECT cardgen.set_card_status('$numbers[1]', 'Printed')",
	'SELECT cardgen.remove_batch(2)');

$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

my %reads = (
	download_batch => 'SELECT cardgen.download_batch(1)',
	find_card => "SELECT * FROM unnest(ARRAY['$numbers[0]', '$numbers[1]', '$numbers[2]', '1']) n, cardgen.find_card(n)",
	classify_number => "SELECT cardgen.classify_number(n) FROM unnest(ARRAY['$numbers[0]', '$numbers[1]', '$numbers[2]', '1']) n",
	verify_batch => 'SELECT * FROM cardgen.verify_batch(1)',
	order_batches => q{SELECT * FROM cardgen.order_batches('00000000-0000-0000-0000-000000000001')});
# Also what is there already is not for a standby to return.
my %writes = (
	create_series => "SELECT cardgen.create_series('NEW', 'New', 9)",
	alter_series => "SELECT cardgen.alter_series('GOLD', name => 'Golden card')",
	drop_series => "SELECT cardgen.drop_series('GOLD')",
	skip_numbers => "SELECT cardgen.skip_numbers('GOLD', 1)",
	create_status_label => "SELECT cardgen.create_status_label('Lost', 'suspended')",
	set_default_label => "SELECT cardgen.set_default_label('Printed')",
	generate_batch => "SELECT cardgen.generate_batch('GOLD', 2000, request_id => '00000000-0000-0000-0000-000000000002')",
	generate_cards => "SELECT cardgen.generate_cards('GOLD', 1)",
	generate_order => "CALL cardgen.generate_order('GOLD', 10, request_id => '00000000-0000-0000-0000-000000000001')",
	set_batch_label => "SELECT cardgen.set_batch_label(1, 'Printed')",
	remove_expired_batches => 'SELECT cardgen.remove_expired_batches()',
	remove_batch => 'SELECT cardgen.remove_batch(1)',
	retain_batch => "SELECT cardgen.retain_batch(1, 'infinity')",
	issue_card => "SELECT cardgen.issue_card('$numbers[2]', 'bob')",
	issue_new_card => "SELECT cardgen.issue_new_card('GOLD', 'bob')",
	set_card_status => "SELECT cardgen.set_card_status('$numbers[0]', 'ACTIVE')",
	import_cards => "SELECT cardgen.import_cards('GOLD', ARRAY['$numbers[0]'])",
	issue_cards => "SELECT cardgen.issue_cards(ARRAY['$numbers[2]'], ARRAY['bob'])",
	import_cards => "SELECT cardgen.import_cards('GOLD', ARRAY['$numbers[2]'])",
	issue_new_cards => "SELECT cardgen.issue_new_cards('GOLD', ARRAY['bob'])",
	set_card_statuses => "SELECT cardgen.set_card_statuses(ARRAY['$numbers[0]'], 'ACTIVE')",
	replace_card => "SELECT cardgen.replace_card('$numbers[0]')",
	transfer_card => "SELECT cardgen.transfer_card('$numbers[0]', 'bob')",
	merge_customers => "SELECT cardgen.merge_customers('ann', 'bob')",
	expire_cards => 'SELECT cardgen.expire_cards()',
	wrap_keys => 'SELECT cardgen.wrap_keys()');
# A trigger, and one that another extension is needed for.
my %others = map { $_ => 1 } qw(configuration_changed distribute);

is(join(' ', grep { !$reads{$_} && !$writes{$_} && !$others{$_} } split /\n/, $primary->safe_psql('postgres', q{
		SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'cardgen'::regnamespace ORDER BY 1})), '',
	'every function reads or writes');

foreach my $function (sort keys %reads)
{
	my $expected = $primary->safe_psql('postgres', $reads{$function});

	isnt($expected, '', "$function: there is something to read");
	same_text($standby->safe_psql('postgres', $reads{$function}), $expected, "$function: the same on the standby");
	same_text($primary->safe_psql('postgres', "BEGIN READ ONLY; $reads{$function}"), $expected,
		"$function: the same in a read-only transaction");
}
foreach my $view (qw(series_usage status_labels generated_batches card_details))
{
	same_text($standby->safe_psql('postgres', "SELECT * FROM cardgen.$view ORDER BY 1"),
		$primary->safe_psql('postgres', "SELECT * FROM cardgen.$view ORDER BY 1"), "$view: the same on the standby");
}

my $before = table_contents($primary, 'postgres');
foreach my $function (sort keys %writes)
{
	fails_with($standby, 'postgres', $writes{$function}, '25006', "$function: refused on the standby");
	fails_with($primary, 'postgres', "SET default_transaction_read_only = on; $writes{$function}", '25006',
		"$function: refused in a read-only transaction");
}
same_text(table_contents($primary, 'postgres'), $before, 'nothing was written');

# A session keeps series and keys in memory until they change on the primary.
my $session = $standby->background_psql('postgres');
my $silver = '5000000000';
is($session->query_safe("SELECT cardgen.classify_number('$silver')"), 'malformed', 'no such series yet');

$primary->safe_psql('postgres', q{
	SELECT cardgen.create_series('SILVER', 'Silver card', 6, prefix => '5000', method => 'sequential')});
$primary->wait_for_catchup($standby);
is($session->query_safe("SELECT cardgen.classify_number('$silver')"), 'never_generated', 'a new series is known');

$primary->safe_psql('postgres', q{SELECT cardgen.drop_series('SILVER')});
$primary->wait_for_catchup($standby);
is($session->query_safe("SELECT cardgen.classify_number('$silver')"), 'malformed', 'a dropped one is forgotten');

# The same code with another key.
foreach my $key (1, 2)
{
	$primary->safe_psql('postgres', qq{SELECT cardgen.create_series('WORD', 'Word', 12, alphabet => '23456789CFGHJMPQRVWX')});
	my ($batch_id, $number) = split /\|/, $primary->safe_psql('postgres', q{SELECT * FROM cardgen.generate_cards('WORD', 1)});
	$primary->wait_for_catchup($standby);
	is($session->query_safe("SELECT batch_id FROM cardgen.find_card('$number')"), $batch_id, "series with key $key is decoded");
	is($session->query_safe("SELECT cardgen.download_batch($batch_id)"), $number, "series with key $key is computed");
	$primary->safe_psql('postgres', qq{
		SELECT cardgen.remove_batch($batch_id);
		UPDATE cardgen.series_counter SET next_ordinal = 0 WHERE series_code = 'WORD';
		SELECT cardgen.drop_series('WORD')});
}

$primary->stop;
$standby->promote;
is($session->query_safe("SELECT customer_id FROM cardgen.issue_card('$numbers[2]', 'bob')"), 'bob',
	'promoted: the session issues a card');
$session->quit;

done_testing();
