# Many connections do at once what an organization's backend does all day, see
# test/backend/; afterwards nothing is there twice, and nothing is lost.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CardgenTest;
use LibpqProgram;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $server = new_server('main', configuration => "max_connections = 30\nlog_statement = none\n");
$server->start;

my $program = build_program('backend');
if ($program)
{
	# An odd seed counts active cards only against the limits.
	foreach my $seed (1, 2)
	{
		$server->safe_psql('postgres', "CREATE DATABASE seed_$seed");
		run_program($server, "seed_$seed", $program, 6, 4, $seed);
	}
}

done_testing();
