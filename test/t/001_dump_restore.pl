# A database that was dumped and restored, in whatever way, has every card and
# goes on where the old one stopped: same key, next number, next batch id.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CardgenTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $server = new_server('main');
$server->start;
my $directory = $server->basedir;

$server->safe_psql('postgres', 'CREATE DATABASE shop');
$server->safe_psql('shop', q{
	CREATE EXTENSION cardgen;
	CREATE ROLE shop_backend;
	GRANT USAGE ON SCHEMA cardgen TO shop_backend;
	GRANT EXECUTE ON FUNCTION cardgen.generate_batch TO shop_backend;
	LOAD 'cardgen';
	ALTER DATABASE shop SET cardgen.batch_retention = '45 days';

	SELECT cardgen.create_status_label('Printed', 'not_issued');
	SELECT cardgen.create_status_label('In the shop', 'not_issued', true);
	SELECT cardgen.create_status_label('Handed out', 'issued', true);
	SELECT cardgen.create_status_label('Lost', 'suspended');
	SELECT cardgen.create_status_label('Gone', 'deleted', true);
	SELECT cardgen.set_default_label('DELETED');

	SELECT cardgen.create_series('GOLD', 'Gold card', 12, prefix => '9000', check_digit => 'luhn', max_active_cards => 5);
	SELECT cardgen.create_series('RUN', E'Running \\ "number"\n', 9, prefix => 'R', suffix => '2021', method => 'sequential',
		card_offset => 10, check_digit => 'mod7', card_expiry_days => 30, batch_retention => '20000 years');
	SELECT cardgen.create_series('WORD', 'Words', 30, alphabet => '23456789CFGHJMPQRVWX', max_active_cards => 2);
	SELECT cardgen.create_series('STOPPED', 'Stopped', 8, prefix => '7', method => 'sequential');
});
# One transaction each: they have times of their own.
$server->safe_psql('shop', $_) foreach (
	q{SELECT cardgen.generate_batch('GOLD', 1000, request_id => 'a0000000-0000-0000-0000-000000000001')},
	q{SELECT cardgen.generate_batch('GOLD', 1500, 'Printed')},
	q{SELECT cardgen.generate_batch('WORD', 500), cardgen.generate_batch('RUN', 700)},
	q{SELECT cardgen.generate_batch('GOLD', 300)},
	q{SELECT cardgen.skip_numbers('RUN', 5), cardgen.generate_batch('STOPPED', 3)},
	q{SELECT cardgen.alter_series('STOPPED', is_active => false)},
	q{SELECT cardgen.issue_card(min(number), 'ann') FROM cardgen.generated_card WHERE batch_id = 2},
	q{SELECT cardgen.issue_card(max(number), 'Bo''b ü', 'ACTIVE') FROM cardgen.generated_card WHERE batch_id = 2},
	q{SELECT cardgen.set_card_status(number, 'Lost', 'called') FROM cardgen.card WHERE status = 'active'},
	q{SELECT cardgen.issue_new_card('WORD', 'ann'), cardgen.issue_new_card('WORD', 'kim')},
	q{SELECT cardgen.set_card_status(min(number), 'Printed') FROM cardgen.generated_card WHERE batch_id = 1},
	q{SELECT cardgen.remove_batch(2)});

my $contents = table_contents($server, 'shop');
like($contents, qr/^card_status_log$|called/m, 'there is something to dump');
is($server->safe_psql('shop', 'SELECT count(*) FROM cardgen.card'), '5', 'and cards of every kind');
my %file = map { $_ => numbers_of($server, 'shop', $_) } (1, 3, 4, 5, 6);
my @numbers = split /\n/, join "\n", map { $file{$_} } sort keys %file;
my $views = views($server, 'shop');
my $dump = dump_text('shop');

# Take the dumps, and then there is no way back to the old database.
sub dumped
{
	my ($name, @options) = @_;

	$server->command_ok([ 'pg_dump', @options, '--file', "$directory/$name", 'shop' ], "dump: $name");
}
dumped('plain.sql');
dumped('custom', '--format=custom');
dumped('directory', '--format=directory', '--jobs=2');
dumped('data.sql', '--data-only');
dumped('schema.sql', '--schema-only');
$server->command_ok([ 'pg_dumpall', '--file', "$directory/all.sql" ], 'dump: pg_dumpall');
$server->safe_psql('postgres', 'DROP DATABASE shop');

my %next;
restore('plain', 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$directory/plain.sql");
restore('custom', 'pg_restore', '--exit-on-error', "$directory/custom");
restore('directory', 'pg_restore', '--exit-on-error', '--jobs=2', "$directory/directory");
restore('turkish', 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$directory/plain.sql");
restore('custom_single', 'pg_restore', '--single-transaction', "$directory/custom");

$server->safe_psql('postgres', 'CREATE DATABASE data_only');
$server->safe_psql('data_only', 'CREATE EXTENSION cardgen');
# A session that knows the empty database goes on through the restore.
my $session = $server->background_psql('data_only');
is($session->query_safe(q{SELECT cardgen.classify_number('4000')}), 'malformed', 'nothing is known before the restore');
$server->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$directory/data.sql", 'data_only' ],
	'restore: data_only');
is($session->query_safe("SELECT cardgen.classify_number('$numbers[0]')"), 'not_issued',
	'a session that was there sees what is restored');
$session->quit;
check($server, 'data_only');

$server->safe_psql('postgres', 'CREATE DATABASE schema_only');
$server->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$directory/schema.sql", 'schema_only' ],
	'restore: schema_only');
is($server->safe_psql('schema_only',
		'SELECT (SELECT count(*) FROM cardgen.status_label), (SELECT count(*) FROM cardgen.series)'),
	'6|0', 'without data there are the built-in labels and nothing else');

restore_without($_) foreach qw(batch batch_id_seq card card_status_log change_id_seq free_range generated_card
	series series_counter series_key status_label);

my $other = new_server('other');
$other->start;
# It has the role of the tests already.
my (undef, undef, $errors) = $other->psql('postgres', "\\i $directory/all.sql", on_error_stop => 0);
is(join("\n", grep { /ERROR/ && !/role "\S+" already exists/ } split /\n/, $errors), '', 'restore: pg_dumpall');
check($other, 'shop');
is($other->safe_psql('shop', q{
		SELECT cardgen.classify_number('x'); SHOW cardgen.batch_retention}), "malformed\n45 days",
	'settings of the database are there');
is($other->safe_psql('shop', q{
		SET ROLE shop_backend; SELECT card_count FROM cardgen.generate_batch('GOLD', 7)}), '7',
	'a role may do what it was granted');
fails_with($other, 'shop', q{SET ROLE shop_backend; SELECT cardgen.remove_batch(1)}, '42501',
	'and no more than that');

# All restored databases go on in the same way.
is(scalar(keys %next), 7, 'every restored database was tried');
same_text($next{$_}, $next{plain}, "$_ goes on as plain does") foreach sort keys %next;

done_testing();

sub restore
{
	my ($database, @command) = @_;

	my $locale = $database eq 'turkish' ? q{TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR'} : '';

	$server->safe_psql('postgres', "CREATE DATABASE $database $locale");
	$server->command_ok([ @command, '--dbname', $database ], "restore: $database");
	check($server, $database);
}

# Where one table was forgotten, calls go on rightly or say what is missing: none
# fails in PostgreSQL's own words, and no number comes again.
sub restore_without
{
	my ($table) = @_;
	my $list = "$directory/without_$table";
	my ($contents, @wrong, @again);

	IPC::Run::run([ 'pg_restore', '--list', "$directory/custom" ], '>', \$contents) or die 'no list';
	append_to_file($list, join '', grep { !/ (?:TABLE DATA|SEQUENCE SET) cardgen $table / } $contents =~ /^.*\n/mg);
	$server->safe_psql('postgres', 'CREATE DATABASE parts');
	$server->command_ok([ 'pg_restore', '--exit-on-error', '--use-list', $list, '--dbname', 'parts', "$directory/custom" ],
		"restore: without $table");
	my %seen = map { $_ => 1 } @numbers;

	foreach my $statement (
		map({ ("SELECT number FROM cardgen.generate_cards('$_', 400)", "SELECT number FROM cardgen.issue_new_card('$_', 'new')") } qw(GOLD RUN WORD)),
		"SELECT cardgen.issue_card('$numbers[-1]', 'new')", "SELECT cardgen.set_card_status('$numbers[-1]', 'Printed')",
		"SELECT * FROM cardgen.find_card('$numbers[0]')", "SELECT cardgen.classify_number('$numbers[0]')",
		'SELECT count(*) FROM cardgen.download_batch(3)', 'SELECT * FROM cardgen.verify_batch(3)',
		"SELECT cardgen.retain_batch(3, 'infinity')", 'SELECT cardgen.remove_batch(4)', 'SELECT cardgen.expire_cards()',
		'SELECT * FROM cardgen.remove_expired_batches()', "SELECT cardgen.create_series('NEW', 'New', 9, 'N')")
	{
		my ($status, $output, $errors) = $server->psql('parts', $statement, extra_params => [ '-v', 'VERBOSITY=verbose' ]);

		push @wrong, "$statement: $errors"
		  if $status != 0 && ($errors !~ /ERROR:\s+(?:22023|2200H|40001|42704|42710|55000): / || $errors !~ /CONSTRAINT NAME/);
		push @again, grep { $seen{$_} } split /\n/, $output if $statement =~ /generate_cards|issue_new/;
	}
	is("@wrong", '', "without $table: every error has a name");
	is("@again", '', "without $table: no number comes again");
	$server->safe_psql('postgres', 'DROP DATABASE parts');
}

sub check
{
	my ($node, $database) = @_;
	my $name = $node == $server ? $database : 'pg_dumpall';

	same_text(table_contents($node, $database), $contents, "$name: every row is there");
	same_text(dump_text($database, $node), $dump, "$name: dumped again, it is the same dump") unless $name eq 'data_only';
	same_text(views($node, $database), $views, "$name: views, labels and defaults are as they were");
	same_text(numbers_of($node, $database, $_), $file{$_}, "$name: batch $_ is downloaded as before") foreach sort keys %file;
	is($node->safe_psql($database, q{
			SELECT count(*) FROM cardgen.batch, LATERAL cardgen.verify_batch(batch_id) v
			WHERE v.stored <> v.card_count OR v.missing <> 0 OR v.unexpected <> 0}), '0',
		"$name: every batch is whole");
	is($node->safe_psql($database, q{
			SELECT card_count FROM cardgen.generate_batch('GOLD', 1000, request_id => 'a0000000-0000-0000-0000-000000000001')}),
		'1000', "$name: an old request is known");
	fails_with($node, $database, q{SELECT cardgen.generate_batch('STOPPED', 1)}, '55000',
		"$name: a stopped series is stopped");

	my @new = map { $node->safe_psql($database, "SELECT batch_id, number FROM cardgen.generate_cards('$_', 400)") }
	  qw(GOLD WORD RUN);
	my %seen = map { $_ => 1 } @numbers;
	my @again = grep { $seen{$_} } map { (split /\|/)[1] } split /\n/, join "\n", @new;

	is(scalar(@again), 0, "$name: no number comes twice");
	is((split /\n/, $new[0])[0] =~ s/\|.*//r, '7', "$name: batch ids go on");
	is((split /\n/, $new[2])[0], '9|R0000072062021', "$name: a running number goes on");
	$next{$name} = join "\n", @new;
}

sub views
{
	my ($node, $database) = @_;

	return join "\n", map { $node->safe_psql($database, "SELECT v::text FROM cardgen.$_ v ORDER BY v::text COLLATE \"C\"") }
	  qw(series_usage status_labels generated_batches card_stock card_details);
}

sub dump_text
{
	my ($database, $node) = @_;
	my ($output, $errors);

	$node //= $server;
	IPC::Run::run([ 'pg_dump', '-d', $node->connstr($database) ], '>', \$output, '2>', \$errors) or die $errors;
	# Newer versions of pg_dump add a random word.
	$output =~ s/^\\(un)?restrict .*\n//mg;
	return $output;
}
