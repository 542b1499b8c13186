# Crash after crash while clients generate, issue and remove. What a client was
# told has happened: batches are whole, issued cards are there, no number comes
# twice. What it was not told has happened wholly or not at all.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CardgenTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $server = new_server('main', configuration => "restart_after_crash = on\n");
$server->start;

my %account;
foreach my $round (1 .. 6)
{
	my @clients = start_load($server);
	my $kill = $round % 3 == 0;

	await_load($server, 1.5);
	$kill ? kill_backend() : $server->stop('immediate');
	stop_load(\%account, @clients);
	$kill ? $server->poll_query_until('postgres', 'SELECT true') : $server->start;
	check_load(\%account, $server, "round $round, " . ($kill ? 'a backend killed' : 'immediate stop'));
}

foreach my $what (qw(batch removed customer active))
{
	my $count = keys %{ $account{$what} };

	cmp_ok($count, '>', 10, "there was something to lose: $what");
	note "$what: $count";
}

done_testing();

sub kill_backend
{
	my $pid = $server->safe_psql('postgres', q{
		SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
		ORDER BY query LIKE '%generate%' DESC, random() LIMIT 1});

	die 'there is no client to kill' unless $pid;
	kill 'KILL', $pid;
}
