# Failover. To a synchronous standby: nothing that was acknowledged is lost, and
# no number comes twice. To one that was behind: what was lost since would come
# again, and skip_numbers passes over it.

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
$primary->backup('base');

my $standby = standby_of($primary, 'synchronous');
$primary->append_conf('postgresql.conf', q{
synchronous_standby_names = 'synchronous'
synchronous_commit = remote_apply
});
$primary->reload;
$primary->poll_query_until('postgres', q{SELECT sync_state = 'sync' FROM pg_stat_replication})
  or die 'the standby is not synchronous';

my %account;
my @clients = start_load($primary);
await_load($primary, 3);
$primary->stop('immediate');
stop_load(\%account, @clients);
$standby->promote;
check_load(\%account, $standby, 'after a synchronous failover');

# The new primary goes on.
@clients = start_load($standby);
await_load($standby, 2);
$standby->stop('immediate');
stop_load(\%account, @clients);
$standby->start;
check_load(\%account, $standby, 'and some time later');

foreach my $what (qw(batch removed customer active))
{
	my $count = keys %{ $account{$what} };

	cmp_ok($count, '>', 10, "there was something to lose: $what");
	note "$what: $count";
}

# A standby that loses its connection some time before the primary is lost.
my $old = new_server('old', allows_streaming => 1);
$old->start;
$old->backup('base');
my $new = standby_of($old, 'behind');

$old->safe_psql('postgres', q{
	CREATE EXTENSION cardgen;
	SELECT cardgen.create_series('REPEAT', 'Repeat', 12, prefix => '1');
	SELECT cardgen.create_series('SKIP', 'Skip', 12, prefix => '2');
	SELECT cardgen.create_series('SMALL', 'Small', 5, prefix => '3', method => 'sequential', card_offset => 99000);
	SELECT cardgen.generate_batch(code, 100) FROM cardgen.series;
});
my @kept = generate($old, 'SKIP', 50);
$old->wait_for_catchup($new);
$new->stop;

my @repeat = generate($old, 'REPEAT', 300);
my @skip = generate($old, 'SKIP', 300);
$old->safe_psql('postgres', "SELECT cardgen.issue_card('$skip[0]', 'ann')");
$old->stop('immediate');
$new->start;
$new->promote;

is($new->safe_psql('postgres', "SELECT cardgen.classify_number('$kept[-1]')"), 'not_issued', 'what arrived is there');
is($new->safe_psql('postgres', "SELECT cardgen.classify_number('$_')"), 'never_generated', 'what did not is unknown')
  foreach ($skip[0], $skip[-1], $repeat[0]);
is(join(' ', generate($new, 'REPEAT', 300)), join(' ', @repeat), 'and would come again');

$new->safe_psql('postgres', q{
	SELECT code, cardgen.skip_numbers(code, least(remaining, 200000)) FROM cardgen.series_usage WHERE remaining > 0});

my %lost = map { $_ => 1 } (@skip, @repeat, @kept);
is(scalar(grep { $lost{$_} } (generate($new, 'SKIP', 300), generate($new, 'REPEAT', 300))), 0,
	'not after they were skipped');
is($new->safe_psql('postgres', "SELECT cardgen.classify_number('$_')"), 'batch_removed', 'a skipped number')
  foreach ($skip[0], $skip[-1]);
fails_with($new, 'postgres', "SELECT cardgen.issue_card('$skip[1]', 'bob')", '42704', 'can not be issued');
is($new->safe_psql('postgres', "SELECT customer_id FROM cardgen.issue_card('$kept[0]', 'bob')"), 'bob',
	'one that arrived can');
fails_with($new, 'postgres', "SELECT cardgen.generate_batch('SMALL', 1)", '2200H', 'a small series is used up by that');
every_batch_is_whole($new, 'postgres', 'the new primary');

done_testing();

sub standby_of
{
	my ($node, $name) = @_;
	my $standby = PostgreSQL::Test::Cluster->new($name);

	$standby->init_from_backup($node, 'base', has_streaming => 1);
	$standby->start;
	return $standby;
}

sub generate
{
	my ($node, $series, $count) = @_;

	return split /\n/, $node->safe_psql('postgres', "SELECT number FROM cardgen.generate_cards('$series', $count)");
}
