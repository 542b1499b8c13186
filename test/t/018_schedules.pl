# The schedules of README for systemd and cron: a step that fails is seen, and
# does not keep the other from running.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CardgenTest;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $page = slurp_file("$FindBin::RealBin/../../README.md");
my %step = (
	remove_expired_batches => 'SELECT count(*) = 0 FROM cardgen.generated_card',
	expire_cards => q{SELECT status = 'expired' FROM cardgen.card});
my %schedule = (systemd => \&run_timers, cron => \&run_crontab);

my $server = new_server('main');
$server->start;
$ENV{PGHOST} = $server->host;
$ENV{PGPORT} = $server->port;

foreach my $name (sort keys %schedule)
{
	foreach my $broken ('', sort keys %step)
	{
		my $case = $name . ($broken && ", $broken broken");

		create_work();
		$server->safe_psql('loyalty', "ALTER FUNCTION cardgen.$broken RENAME TO broken") if $broken;
		is($schedule{$name}->(), $broken ? 1 : 0, "$case: jobs seen to fail");
		foreach my $step (grep { $_ ne $broken } sort keys %step)
		{
			is($server->safe_psql('loyalty', $step{$step}), 't', "$case: $step has run");
		}
	}
}

done_testing();

# A batch to be removed and a card to be expired.
sub create_work
{
	$server->safe_psql('postgres', 'DROP DATABASE IF EXISTS loyalty');
	$server->safe_psql('postgres', 'CREATE DATABASE loyalty');
	$server->safe_psql('loyalty', q{
		CREATE EXTENSION cardgen;
		SELECT cardgen.create_series('ONE', 'One', 12, prefix => '1', card_expiry_days => 1);
		SELECT cardgen.generate_batch('ONE', 10);
		SELECT cardgen.issue_new_card('ONE', 'ann', 'ACTIVE');
		UPDATE cardgen.batch SET expires_on = now();
		UPDATE cardgen.card SET expires_on = current_date - 1});
}

# Returns how many of the services that the timers start have failed. A service
# ends with the first of its commands that fails, unless that is to be ignored.
sub run_timers
{
	my %unit = map { /\A# \S+\/(\S+)/ ? ($1 => $_) : () } $page =~ /^```ini\n(.*?)^```$/msg;
	my ($timers) = $page =~ /^sudo systemctl enable --now (.*)/m;
	my $failed = 0;

	foreach my $timer (split ' ', $timers)
	{
		my ($name, $instance) = $timer =~ /\A(\w+@?)(\w*)\.timer\z/;

		die "README has no unit for $timer" unless $unit{"$name.timer"} && $unit{"$name.service"};
		foreach my $command ($unit{"$name.service"} =~ /^ExecStart=(.*)/mg)
		{
			my $is_ignored = $command =~ s/\A-//;

			$command =~ s/%i/$instance/g;
			next if $is_ignored || run_job($command, \my $output);
			$failed++;
			last;
		}
	}
	return $failed;
}

# Returns how many of the jobs have printed something, which cron mails.
sub run_crontab
{
	my ($table) = $page =~ /^```crontab\n(.*?)^```$/ms;
	my $mailed = 0;

	foreach my $command ($table =~ /^(?:\S+ ){5}\w+ (.*)/mg)
	{
		run_job($command, \my $output);
		$mailed++ if $output ne '';
	}
	return $mailed;
}

sub run_job
{
	my ($command, $output) = @_;

	return IPC::Run::run([ 'bash', '-c', $command ], '<', \'', '>', $output, '2>&1');
}
