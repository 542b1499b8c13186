# Types README.md in: every example is run, in the order of the page, against
# one database, and its output compared with the one shown.
#
#   sql       run by psql; "-- on the subscriber" in its first line: on a second server
#   sh        run by bash; commands of the operating system (see $system_command)
#             are only checked for their syntax
#   text      directly below one of these: its output; where there is none, the
#             block must end without an error or a warning
#   c, python, js, java   saved under the name in its first line, for the sh block below
#   ini       postgresql.conf is applied; ExecStart of a systemd unit is run,
#             of a template for each instance that a timer is enabled for
#   crontab   its commands are run
#
# Any other block fails. In an output, a point in time or a date stands for any,
# a random number of the series GOLD for any valid one, one of CLUB that is
# generated after others may have been skipped for any such, a speed for any,
# and widths of columns make no difference.
#
# The table of figures is that of test/bench/results.tsv.
#
# README_ACTUAL=file writes a README with the outputs and the figures there are.

use strict;
use warnings;

use File::Temp ();
use FindBin;
use lib $FindBin::RealBin;

use CardgenTest;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = "$FindBin::RealBin/../..";
my $system_command = qr/^(?:sudo|make|systemctl|journalctl)\b/;
my $database = 'loyalty';

$ENV{PGUSER} = 'postgres';
$ENV{PGTZ} = 'UTC';
$ENV{PATH} = "/usr/bin:$ENV{PATH}" unless succeeds('python3', '-c', 'import psycopg2, psycopg');
chomp(my $server_programs = `pg_config --bindir`);
$ENV{PATH} = "$server_programs:$ENV{PATH}";

my $page = slurp_file("$root/README.md");
my @blocks = read_blocks($page);
my $directory = File::Temp->newdir;

my $server = new_server('loyalty', allows_streaming => 'logical', extra => ['--username=postgres'],
	configuration => "listen_addresses = '127.0.0.1'\n");
$server->start;
$ENV{PGHOST} = $server->host;
$ENV{PGPORT} = $server->port;
my $subscriber;

chomp(my $library_directory = `pg_config --pkglibdir`);
my %missing;
$missing{qr/\bcron\.|\bpg_cron\b/} = 'pg_cron is not installed'
  unless -e "$library_directory/pg_cron.so";
$missing{qr/^python3 generate/m} = 'psycopg2 is not installed'
  unless succeeds('python3', '-c', 'import psycopg2');
$missing{qr/^python3 issue_many/m} = 'psycopg 3 is not installed'
  unless succeeds('python3', '-c', 'import psycopg');
$missing{qr/^node /m} = 'node-postgres is not installed'
  unless succeeds('node', '-e', q{require('pg')});
$missing{qr/\bjava /} = 'Java or its PostgreSQL driver is not installed'
  unless succeeds('java', '-version') && -e '/usr/share/java/postgresql.jar';

my %runner = (
	sql => \&run_sql,
	sh => \&run_shell,
	c => \&save_program,
	python => \&save_program,
	js => \&save_program,
	java => \&save_program,
	ini => \&apply_configuration,
	crontab => \&run_crontab);

foreach my $block (@blocks)
{
	my $name = "line $block->{line}: $block->{language}";
	my $run = $runner{ $block->{language} };

	if (!$run)
	{
		fail("$name can be run or is an output");
		next;
	}
  SKIP:
	{
		foreach my $needed (keys %missing)
		{
			skip "$name: $missing{$needed}", 1 if $block->{content} =~ $needed;
		}
		$run->($block, $name);
	}
}
write_actual($ENV{README_ACTUAL}) if $ENV{README_ACTUAL};

check_order_files();
check_subscriber();
check_reference();
check_links();
check_floors();
check_figures();

$subscriber->stop if $subscriber;
$server->stop;
done_testing();

# The fenced blocks; what is a block's output becomes a part of it.
sub read_blocks
{
	my @lines = split /\n/, shift;
	my (@found, $open);
	my $directly_below = 0;

	for my $i (0 .. $#lines)
	{
		if ($lines[$i] !~ /^```(.*)/)
		{
			$open->{content} .= "$lines[$i]\n" if $open;
			$directly_below = 0 if !$open && $lines[$i] =~ /\S/;
			next;
		}
		if (!$open)
		{
			$open = { language => $1, line => $i + 1, content => '' };
			next;
		}
		if ($open->{language} eq 'text' && $directly_below)
		{
			$found[-1]->{output} = $open->{content};
			$found[-1]->{output_line} = $open->{line};
			$directly_below = 0;
		}
		else
		{
			push @found, $open;
			$directly_below = 1;
		}
		undef $open;
	}
	die "a block is not closed" if $open;
	return @found;
}

sub succeeds
{
	my @command = @_;
	return eval { IPC::Run::run(\@command, '>', \my $output, '2>&1') };
}

# Runs in the working directory of the page; returns whether it succeeded.
sub run_in_directory
{
	my ($output, $input, @command) = @_;
	return IPC::Run::run(\@command, '<', \$input, '>', $output, '2>&1',
		init => sub { chdir "$directory" or die "$directory: $!" });
}

sub is_valid_gold_number
{
	my ($sum, $double) = (0, 0);
	foreach my $digit (reverse split //, shift)
	{
		my $value = $digit * ($double ? 2 : 1);
		$sum += $value > 9 ? $value - 9 : $value;
		$double = !$double;
	}
	return $sum % 10 == 0;
}

sub normalize
{
	my $text = shift;
	my $date = qr/\d{4}-\d\d-\d\d/;

	$text =~ s/$date \d\d:\d\d:\d\d(?:\.\d+)?[-+]\d\d(?::\d\d)?/<time>/g;
	$text =~ s/$date/<date>/g;
	$text =~ s/\b(9000\d{12})\b/is_valid_gold_number($1) ? '<gold>' : $1/ge;
	$text =~ s/\bCLUB004[5-9]\d{4}\b/<club>/g;
	$text =~ s/\d+ cards a second/<speed> cards a second/g;
	$text =~ s/-{2,}/--/g;
	$text =~ s/[ \t]+/ /g;
	$text =~ s/^ | $//mg;
	$text =~ s/\s+\z//;
	return $text;
}

sub check_output
{
	my ($block, $name, $succeeded, $output) = @_;

	$block->{actual} = $output;
	if (defined $block->{output})
	{
		is(normalize($output), normalize($block->{output}), $name);
	}
	else
	{
		ok($succeeded && $output !~ /^(?:ERROR|FATAL|WARNING):/m, $name) or diag($output);
	}
}

sub run_sql
{
	my ($block, $name) = @_;
	my $on_subscriber = $block->{content} =~ /\A-- on the subscriber$/m;
	my @psql = ('psql', '-X', '-d', $database, '-P', 'expanded=auto',
		'-P', 'columns=80', '-P', 'footer=off');

	if ($on_subscriber)
	{
		start_subscriber() unless $subscriber;
		push @psql, '-h', $subscriber->host, '-p', $subscriber->port;
	}
	my $succeeded = run_in_directory(\my $output, $block->{content}, @psql);
	check_output($block, $name, $succeeded, $output);
	check_replication() if $on_subscriber && $block->{content} =~ /CREATE SUBSCRIPTION/;
}

sub run_shell
{
	my ($block, $name) = @_;
	my @commands = grep { /\S/ } split /\n/, $block->{content};

	if (!grep { $_ !~ $system_command } @commands)
	{
		ok(succeeds('bash', '-n', '-c', $block->{content}), "$name (syntax)");
		return;
	}
	my $succeeded = run_in_directory(\my $output, '', 'bash', '-c', $block->{content});
	check_output($block, $name, $succeeded, $output);
}

sub save_program
{
	my ($block, $name) = @_;
	my ($file) = $block->{content} =~ /\A\W*(\w+\.\w+)/;

	ok($file, "$name has a file name") or return;
	append_to_file("$directory/$file", $block->{content});
}

sub apply_configuration
{
	my ($block, $name) = @_;

	if ($block->{content} =~ /\A# postgresql\.conf$/m)
	{
		$server->append_conf('postgresql.conf', $block->{content});
		$server->restart;
		pass("$name (applied)");
	}
	else
	{
		like($block->{content}, qr/\A# \//, "$name has a file name");
	}
	foreach my $command ($block->{content} =~ /^ExecStart=(.*)/mg)
	{
		my @instances = $command =~ /%i/ ? $page =~ /\bcardgen@(\w+)\.timer\b/g : '';

		check_command($name, $command =~ s/%i/$_/gr) foreach @instances;
	}
}

sub run_crontab
{
	my ($block, $name) = @_;
	my @commands = $block->{content} =~ /^(?:[-*\/,0-9]+ ){5}\w+ (.*)/mg;

	ok(@commands > 0, "$name has commands");
	check_command($name, $_) foreach @commands;
}

sub check_command
{
	my ($name, $command) = @_;
	my $succeeded = run_in_directory(\my $output, '', 'bash', '-c', $command);

	ok($succeeded && $output !~ /ERROR/, "$name: $command") or diag($output);
}

sub start_subscriber
{
	my $service_file = "$directory/pg_service.conf";

	append_to_file($service_file,
		"[loyalty]\nhost=$ENV{PGHOST}\nport=$ENV{PGPORT}\ndbname=$database\nuser=postgres\n");
	$subscriber = new_server('subscriber', extra => ['--username=postgres']);
	{
		local $ENV{PGSERVICEFILE} = $service_file;
		$subscriber->start;
	}
	$subscriber->safe_psql('postgres', "CREATE DATABASE $database");
}

# What the page says of the subscriber, once it has everything.
sub check_replication
{
	$subscriber->poll_query_until($database,
		"SELECT count(*) = 9 AND bool_and(srsubstate = 'r') FROM pg_subscription_rel")
	  or die "the subscriber does not receive the tables";
	$server->wait_for_catchup('cardgen');
	foreach my $query (
		'SELECT * FROM cardgen.series_usage ORDER BY code',
		'SELECT * FROM cardgen.generated_batches ORDER BY batch_id',
		'SELECT * FROM cardgen.download_batch(1)')
	{
		is( $subscriber->safe_psql($database, $query),
			$server->safe_psql($database, $query),
			"subscriber: $query");
	}
}

# It has become a primary of its own.
sub check_subscriber
{
	return unless $subscriber;
	is( $subscriber->safe_psql($database,
			'SELECT count(*) FROM cardgen.generated_batches, LATERAL cardgen.verify_batch(batch_id)'
			  . ' WHERE missing + unexpected > 0'),
		'0', 'the lists on the former subscriber are complete');
	is( $subscriber->safe_psql($database,
			"SELECT batch_id > (SELECT max(batch_id) FROM cardgen.batch) FROM cardgen.generate_batch('CLUB', 10)"),
		't', 'the former subscriber generates');
}

# The recipe that writes the files of an order ends with an error unless they
# are all of it.
sub check_order_files
{
	my ($recipe) = grep { $_->{language} eq 'sh' && $_->{content} =~ /order_batches/ } @blocks;
	my $order = '0f6f0c8e-2d5e-4f7a-9a52-6f1f4d6a7b10';
	my $whole = $recipe->{content} =~ s/(order=)\S+( cards=)\d+/$1$order${2}5/r;

	$server->safe_psql($database, "CALL cardgen.generate_order('CLUB', 5, NULL, '$order', 2)");
	ok(runs_in_shell($whole), 'the files of an order that is whole');
	ok(!runs_in_shell($whole =~ s/ cards=5/ cards=6/r), 'not of one that is short');
	ok(!runs_in_shell($whole =~ s/$order/0f6f0c8e-2d5e-4f7a-9a52-6f1f4d6a7b11/r), 'nor of one that is not there');
	ok(!runs_in_shell($whole =~ s/$order/0f6f0c8e/r), 'nor of what is no id');
	$server->safe_psql($database,
		"SELECT cardgen.remove_batch(batch_id) FROM cardgen.order_batches('$order') WHERE part = 3");
	ok(!runs_in_shell($whole), 'nor of one with a part that is gone');
	$server->safe_psql($database, "UPDATE cardgen.batch SET expires_on = now() WHERE request_id = '$order' AND part = 2;"
		  . 'SELECT FROM cardgen.remove_expired_batches()');
	ok(!runs_in_shell($whole =~ s/ cards=5/ cards=4/r), 'nor of one with a list that is gone');
}

sub runs_in_shell
{
	my ($commands) = @_;

	return run_in_directory(\my $output, '', 'bash', '-c', $commands);
}

sub check_reference
{
	my ($reference) = $page =~ /^## Reference\n(.*?)^## /ms;
	my $functions = $server->safe_psql($database, <<'SQL');
SELECT proname, array_to_string(proargnames, ' ')
FROM pg_proc WHERE pronamespace = 'cardgen'::regnamespace AND prorettype <> 'trigger'::regtype
SQL
	foreach my $function (split /\n/, $functions)
	{
		my ($name, $expected) = split /\|/, $function, 2;
		my ($signature) = $reference =~ /\*\*`$name\(([^`]*)`\*\*/;
		my $names = join ' ', map { /^(\w+)/ } split /,\s+|\)\s→\sTABLE\(/, $signature // '';
		is($names, $expected, "$name, its arguments and columns are in the reference");
	}

	my $others = $server->safe_psql($database, <<'SQL');
SELECT relname FROM pg_class WHERE relnamespace = 'cardgen'::regnamespace AND relkind IN ('r', 'v')
UNION ALL SELECT typname FROM pg_type WHERE typnamespace = 'cardgen'::regnamespace AND typtype = 'e'
UNION ALL SELECT attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
	WHERE relnamespace = 'cardgen'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0
SQL
	my %names = map { $_ => 1 } split /\n/, $others;
	foreach my $name (sort keys %names)
	{
		ok($reference =~ /\b$name\b/, "$name is in the reference");
	}

	my $settings = $server->safe_psql($database,
		"LOAD 'cardgen'; SELECT name FROM pg_settings WHERE name LIKE 'cardgen.%'");
	foreach my $setting (split /\n/, $settings)
	{
		ok($page =~ /^\| `\Q$setting\E` \|/m, "$setting is described");
	}
}

sub check_links
{
	my %anchors;
	foreach my $heading ($page =~ /^#+ (.*)/mg)
	{
		my $anchor = lc $heading;
		$anchor =~ s/[^\w\- ]//g;
		$anchor =~ tr/ /-/;
		$anchors{"#$anchor"} = 1;
	}
	foreach my $link ($page =~ /\]\(([^)\s]+)\)/g)
	{
		next if $link =~ /^https:/;
		ok($link =~ /^#/ ? $anchors{$link} : -e "$root/$link", "link to $link");
	}
}

# Every file in src/ has its floor, and includes nothing from above it.
sub check_floors
{
	my ($table) = $page =~ /^\| floor \| files[^\n]*\n\|[-| ]*\n(.*?)\n\n/ms;
	my %floor;
	my $height = 0;

	foreach my $files ($table =~ /^\| \w+ \| (.*?) \|/mg)
	{
		$height++;
		$floor{$_} = $height foreach $files =~ /`(\w+)(?:\.h)?`/g;
	}
	foreach my $path (glob "$root/src/*.[ch]")
	{
		my ($file) = $path =~ m{(\w+)\.[ch]\z};
		my @above = grep { -e "$root/src/$_.h" && ($floor{$_} // 0) > ($floor{$file} // 0) }
		  slurp_file($path) =~ /^#include "(\w+)\.h"/mg;

		ok($floor{$file}, "$file has its floor");
		is("@above", '', "$file includes nothing from above") if $floor{$file};
	}
}

# What "make bench" has left, as it is to stand between the two marks.
sub figures
{
	return scalar `'$root/test/bench/figures'`;
}

sub has_figures
{
	return -e "$root/test/bench/results.tsv";
}

my $figures_place;

BEGIN
{
	$figures_place = qr/(?<=<!-- figures: begin -->\n).*?(?=<!-- figures: end -->)/s;
}

sub check_figures
{
  SKIP:
	{
		skip 'there are no test/bench/results.tsv', 1 unless has_figures();
		my ($shown) = $page =~ /($figures_place)/;
		is($shown, figures(), 'the figures are the measured ones');
	}
}

sub write_actual
{
	my @lines = split /\n/, $page;

	foreach my $block (reverse @blocks)
	{
		next unless defined $block->{output} && defined $block->{actual};
		my @actual = split /\n/, $block->{actual};
		s/\s+$// foreach @actual;
		splice(@lines, $block->{output_line}, $block->{output} =~ tr/\n//, @actual);
	}
	my $actual = join("\n", @lines) . "\n";
	my $figures = has_figures() ? figures() : undef;
	$actual =~ s/$figures_place/$figures/ if defined $figures;
	open my $file, '>', $_[0] or die "$_[0]: $!";
	print $file $actual;
	close $file;
}
