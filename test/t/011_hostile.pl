# Tens of thousands of calls with arguments that are wrong in every way, see
# test/hostile/: they are refused with the right SQLSTATE and leave nothing.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CardgenTest;
use LibpqProgram;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $server = new_server('main', configuration => "log_statement = none\nlog_min_messages = log\n",
	extra => ['--encoding=UTF8']);
$server->start;

my $program = build_program('hostile');
run_program($server, 'postgres', $program, 15000, 1) if $program;

done_testing();
