# Runs the libpq programs of test/, a directory each, and reports each of their
# checks.

package LibpqProgram;

use strict;
use warnings;

use Exporter 'import';
use FindBin;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(build_program run_program);

sub configured
{
	my ($option) = @_;
	chomp(my $value = `pg_config $option`);

	return $value;
}

# The path of the program, or undef after a failed test.
sub build_program
{
	my ($name) = @_;
	my $test = "$FindBin::RealBin/..";
	my $program = PostgreSQL::Test::Utils::tempdir() . "/$name";
	my $succeeded = IPC::Run::run(
		[
			split(' ', $ENV{CC} // 'cc'), '-O1', '-Wall', '-I', configured('--includedir'), '-I', $test, '-o', $program,
			glob("$test/$name/*.c $test/client/*.c"), "$test/unit/tap.c",
			'-L', configured('--libdir'), '-lpq', '-pthread'
		],
		'>&', \my $output);

	ok($succeeded, "$name compiles") or diag($output);
	return $succeeded ? $program : undef;
}

sub run_program
{
	my ($server, $database, $program, @arguments) = @_;
	my ($name) = $program =~ /(\w+)$/;
	my $checks = 0;

	local $ENV{PGHOST} = $server->host;
	local $ENV{PGPORT} = $server->port;
	local $ENV{PGDATABASE} = $database;
	my $succeeded = IPC::Run::run([ $program, @arguments ], '>', \my $output, '2>', \my $errors);

	note($output);
	my @remarks;
	foreach my $line (split /\n/, $output)
	{
		if ($line =~ /^(not )?ok \d+ - (.*)/)
		{
			ok(!$1, $2) or diag(map { "$_\n" } @remarks);
			@remarks = ();
			$checks++;
		}
		elsif ($line =~ /^# /)
		{
			push @remarks, $line;
		}
	}
	is($errors, '', "$name complains of nothing");
	like($output, qr/^$checks passed, 0 failed$/m, "$name comes to its end");
	ok($succeeded && $checks > 0, "$name succeeds");
	unlike(slurp_file($server->logfile), qr/terminated by signal|PANIC:|TRAP:/, 'no process of the server has crashed');
}

1;
