# A database that was upgraded, along whatever path, has what a new one has:
# every version there ever was can be installed and brought up to date, with
# its cards, and while sessions use it.

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

my $newest = query('postgres', q{SELECT default_version FROM pg_available_extensions WHERE name = 'cardgen'});
my @versions = split /\n/, query('postgres', q{
	SELECT version FROM pg_available_extension_versions WHERE name = 'cardgen'
	ORDER BY string_to_array(version, '.')::int[]});

is($versions[0], '1.0', 'the first version is there');
is($versions[-1], $newest, 'the newest version is what CREATE EXTENSION installs');

my %installed;
foreach my $version (@versions)
{
	$installed{$version} = install($version);
	is(query($version, q{
			SELECT c.oid::regclass FROM pg_class c
			WHERE c.relnamespace = 'cardgen'::regnamespace AND c.relkind IN ('r', 'S')
			EXCEPT SELECT unnest(extconfig)::regclass FROM pg_extension}), '',
		"$version: every table and sequence is dumped");
	is(query('postgres', qq{
			SELECT count(*) FROM pg_extension_update_paths('cardgen')
			WHERE source = '$version' AND target = '$newest' AND path IS NOT NULL}),
		$version eq $newest ? 0 : 1, "$version: there is a path to the newest version");
	query($version, 'DROP EXTENSION cardgen');
	unlike(objects($version), qr/cardgen/, "$version: it leaves nothing behind");
	query('postgres', qq{DROP DATABASE "$version"});
}

update(split /\|/) foreach split /\n/, query('postgres', q{
	SELECT source, target, path FROM pg_extension_update_paths('cardgen')
	WHERE path IS NOT NULL ORDER BY source, target});

done_testing();

sub query
{
	my ($database, $statements) = @_;

	return $server->safe_psql($database, $statements);
}

# Into a database of that name; what is in it then.
sub install
{
	my ($version) = @_;

	query('postgres', qq{CREATE DATABASE "$version"});
	query($version, qq{CREATE EXTENSION cardgen VERSION '$version'});
	return objects($version);
}

sub update
{
	my ($source, $target, $path) = @_;

	install($source);
	query($source, q{
		SELECT cardgen.create_status_label('Printed', 'not_issued', true);
		SELECT cardgen.create_series('GOLD', 'Gold card', 12, prefix => '9000', check_digit => 'luhn', max_active_cards => 2);
		SELECT cardgen.generate_batch('GOLD', 3000), cardgen.generate_batch('GOLD', 10, 'NOT_ISSUED');
		SELECT cardgen.remove_batch(2);
		SELECT cardgen.issue_new_card('GOLD', 'ann')});
	my $session = $server->background_psql($source);
	my $numbers = numbers_of($server, $source, 1);
	my $cards = query($source, 'SELECT c::text FROM cardgen.card_details c');
	my ($number) = $numbers =~ /^(\d+)/;

	is($session->query_safe("SELECT cardgen.classify_number('$number')"), 'not_issued', "$path: a session uses the old version");
	query($source, "ALTER EXTENSION cardgen UPDATE TO '$target'");
	is($session->query_safe("SELECT customer_id FROM cardgen.issue_card('$number', 'ann')"), 'ann',
		"$path: and goes on with the new one");
	$session->quit;

	same_text(objects($source), $installed{$target}, "$path: what is there is what a new database has");
	same_text(numbers_of($server, $source, 1), $numbers, "$path: the numbers are the same");
	like(query($source, 'SELECT c::text FROM cardgen.card_details c'), qr/^\Q$cards\E$/m, "$path: so are the cards");
	is(query($source, q{
			SELECT c.card_count, c.status_label, v.stored, v.missing, v.unexpected, u.generated
			FROM cardgen.generate_batch('GOLD', 5) c, LATERAL cardgen.verify_batch(1) v, cardgen.series_usage u}),
		'5|Printed|3000|0|0|3011', "$path: generation goes on");
	query('postgres', qq{DROP DATABASE "$source"});
}

# As pg_upgrade takes them over: an ordinary dump has nothing of an extension
# but its rows. Object ids, transaction ids and the last batch id are the database's own.
sub objects
{
	my ($database) = @_;
	my ($output, $errors);

	IPC::Run::run([ 'pg_dump', '--binary-upgrade', '--schema-only', '-d', $server->connstr($database) ],
		'>', \$output, '2>', \$errors) or die $errors;
	$output =~ s/(?<=create_empty_extension).*//;
	return join "\n",
	  query($database, 'SELECT unnest(extconfig)::regclass, unnest(extcondition) FROM pg_extension ORDER BY 1'),
	  grep { !/^$|^(?:--|\\)|binary_upgrade_set_|relfrozenxid|^WHERE oid = |\.setval\(/ } split /\n/, $output;
}
