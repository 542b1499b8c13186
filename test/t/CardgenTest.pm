# What the TAP scripts share.

package CardgenTest;

use strict;
use warnings;

use Exporter 'import';
use FindBin;
use IPC::Run ();
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

our @EXPORT = qw(new_server missing_library create_roles
  sqlstate fails_with same_text numbers_of table_contents every_batch_is_whole
  spellings has_no_key start_load await_load stop_load check_load);

# A server that is ready to be started, with options of init() and lines of
# postgresql.conf, and those for initdb of test/with-server.
sub new_server
{
	my ($name, %options) = @_;
	my $server = PostgreSQL::Test::Cluster->new($name);
	my $configuration = delete $options{configuration} // '';

	$server->init(%options, extra => [ @{ $options{extra} // [] }, split ' ', $ENV{INITDB_OPTIONS} // '' ]);
	# A standby that a busy machine holds up finds its WAL all the same.
	$server->append_conf('postgresql.conf', "wal_keep_size = 1GB\n") if $options{allows_streaming};
	$server->append_conf('postgresql.conf', $configuration);
	return $server;
}

# Why a test must be skipped that needs another extension, or nothing.
sub missing_library
{
	my ($name) = @_;
	chomp(my $directory = `pg_config --pkglibdir`);

	return -e "$directory/$name.so" ? undef : "$name is not installed";
}

# The roles and grants of README, word for word.
sub create_roles
{
	my ($server, $database) = @_;
	my ($grants) = slurp_file("$FindBin::RealBin/../../README.md") =~ /^```sql\n(CREATE ROLE .*?)^```$/ms;

	$server->safe_psql($database, $grants);
}

# The SQLSTATE that a statement ends with, '' where it succeeds.
sub sqlstate
{
	my ($server, $database, $statement) = @_;
	my ($status, $output, $errors) =
	  $server->psql($database, $statement, extra_params => [ '-v', 'VERBOSITY=sqlstate' ]);

	return '' if $status == 0;
	return $1 if $errors =~ /(?:ERROR|FATAL):\s+(\w{5})\b/;
	return $errors;
}

sub fails_with
{
	my ($server, $database, $statement, $expected, $name) = @_;

	is(sqlstate($server, $database, $statement), $expected, $name);
}

# is() for long texts: it shows the first line that differs.
sub same_text
{
	my ($text, $expected, $name) = @_;
	my @lines = split /\n/, $text, -1;
	my @expected = split /\n/, $expected, -1;

	return pass($name) if $text eq $expected;
	shift @lines, shift @expected while @lines && @expected && $lines[0] eq $expected[0];
	return is($lines[0], $expected[0], $name);
}

# The numbers of a batch as the file that is downloaded.
sub numbers_of
{
	my ($server, $database, $batch_id) = @_;

	return $server->safe_psql($database, "COPY (SELECT cardgen.download_batch($batch_id)) TO STDOUT");
}

# Everything there is in the tables of the extension, and its sequence.
sub table_contents
{
	my ($server, $database) = @_;
	my @tables = split /\n/, $server->safe_psql($database, q{
		SELECT c.oid::regclass FROM pg_class c
		WHERE c.relnamespace = 'cardgen'::regnamespace AND c.relkind IN ('r', 'S')
		ORDER BY c.relname});

	return join '', map {
		"$_\n" . $server->safe_psql($database,
			/_seq$/ ? "SELECT last_value, is_called FROM $_" : "SELECT t::text FROM $_ t ORDER BY t::text COLLATE \"C\"")
		  . "\n" } @tables;
}

sub every_batch_is_whole
{
	my ($server, $database, $name) = @_;

	is($server->safe_psql($database, q{
			SELECT batch_id, v.* FROM cardgen.batch, LATERAL cardgen.verify_batch(batch_id) v
			WHERE (v.stored, v.missing, v.unexpected) <> (v.card_count, 0, 0)}), '', "$name: every batch is whole");
}

# A key as it could be written, and each longer piece of it.
sub spellings
{
	my ($hex) = @_;
	my @bytes = map { hex } $hex =~ /../g;
	my @found;

	foreach my $start (0 .. $#bytes - 7)
	{
		my @piece = @bytes[ $start .. $start + 7 ];
		my $raw = pack 'C*', @piece;
		my $base64 = encode_base64($raw, '');

		push @found, quotemeta($raw), join('', map { sprintf '%02x', $_ } @piece),
		  join('\s+', map { $_ > 127 ? $_ - 256 : $_ } @piece), join('[,\s]+', @piece),
		  join('', map { quotemeta($_ < 32 || $_ > 126 ? sprintf('\\%03o', $_) : $_ == 92 ? '\\\\' : chr) } @piece);

		# The last characters belong to other bytes as well.
		push @found, quotemeta(substr $base64, 0, 10) if $start % 3 == 0;
	}
	return @found;
}

sub has_no_key
{
	my ($text, $any, $name) = @_;

	ok($text !~ $any, "no key is in $name") or diag(substr $text, $-[0] > 200 ? $-[0] - 200 : 0, 400);
}

# Clients that generate, issue and remove in the series ONE and TWO until they
# lose the server. Each writes down what was acknowledged.
my $generate = q{
SELECT 'batch', batch_id, card_count FROM cardgen.generate_batch('ONE', 700);
SELECT random() < 0.05 AS large \gset
\if :large
SELECT 'batch', batch_id, card_count FROM cardgen.generate_batch('TWO', 11000);
\endif
SELECT 'card', batch_id, number FROM cardgen.generate_cards('ONE', 30);
SELECT 'card', batch_id, number FROM cardgen.generate_cards('TWO', 40);
DO 'BEGIN PERFORM pg_sleep(0.1); END';
};
my $issue = q{
SELECT number AS n FROM cardgen.generated_card ORDER BY random() LIMIT 1 \gset
SELECT 'issued', number, customer_id FROM cardgen.issue_card(:'n', 'c' || :n % 50);
SELECT 'active', number FROM cardgen.set_card_status(:'n', 'ACTIVE');
SELECT 'new', number, customer_id FROM cardgen.issue_new_card('TWO', 'c' || :n % 50);
SELECT array_agg(number) AS numbers, array_agg('c' || right(number, 1)) AS customers
FROM (SELECT number FROM cardgen.generated_card ORDER BY random() LIMIT 9) n \gset
SELECT 'issued', number, (:'customers'::text[])[position] FROM cardgen.issue_cards(:'numbers', :'customers') WHERE error_name IS NULL;
SELECT 'active', number FROM cardgen.set_card_statuses(:'numbers', 'ACTIVE') WHERE error_name IS NULL;
SELECT 'new', number, customer_id FROM cardgen.issue_new_cards('TWO', :'customers') WHERE error_name IS NULL;
};
# All but the newest go, in one of two ways, and some remain, as do those that
# are in use at the moment.
my $remove = q{
SELECT max(batch_id) - 20 AS newest FROM cardgen.batch \gset
SELECT coalesce(string_agg(batch_id::text, ','), '0') AS first FROM cardgen.batch WHERE batch_id < :newest AND batch_id % 8 < 5 \gset
SELECT coalesce(string_agg(batch_id::text, ','), '0') AS second FROM cardgen.batch WHERE batch_id < :newest AND batch_id % 8 IN (5, 6) \gset
\echo removing|:first,:second
SELECT format('SELECT ''removed'', %1$s FROM cardgen.remove_batch(%1$s)', batch_id) FROM cardgen.batch WHERE batch_id IN (:first) \gexec
UPDATE cardgen.batch SET expires_on = now(), issuable_until = now() WHERE batch_id IN (:second);
SELECT count(*) FROM cardgen.remove_expired_batches();
SELECT 'removed', id FROM unnest(ARRAY[:second]) AS id WHERE NOT EXISTS (SELECT FROM cardgen.batch WHERE batch_id = id);
VACUUM cardgen.generated_card;
CHECKPOINT;
};
# Fifty cards a call; of new ones, no other client makes any of the series ONE.
my $many = q{
SELECT array_agg(number) AS numbers, array_agg('c' || right(number, 6)::int % 50) AS customers
	FROM (SELECT number FROM cardgen.generated_card ORDER BY random() LIMIT 50) cards \gset
SELECT 'issued', number, (:'customers'::text[])[position] FROM cardgen.issue_cards(:'numbers', :'customers') WHERE sqlstate IS NULL;
SELECT 'active', number FROM cardgen.set_card_statuses(:'numbers', 'ACTIVE') WHERE sqlstate IS NULL;
SELECT 'new', number, customer_id FROM cardgen.issue_new_cards('ONE', :'customers') WHERE sqlstate IS NULL;
};
my $clients = 0;

sub start_client
{
	my ($server, $script) = @_;
	my $file = $server->basedir . '/client' . ++$clients;

	append_to_file("$file.sql", $script x 1000);
	return {
		file => $file,
		run => IPC::Run::start(
			[ 'psql', '-XAtq', '-v', 'VERBOSITY=sqlstate', '-d', $server->connstr('postgres'), '-f', "$file.sql" ],
			'>', "$file.out", '2>', "$file.err") };
}

sub start_load
{
	my ($server) = @_;

	if ($server->safe_psql('postgres', q{SELECT count(*) FROM pg_extension WHERE extname = 'cardgen'}) eq '0')
	{
		$server->safe_psql('postgres', q{
			CREATE EXTENSION cardgen;
			SELECT cardgen.create_series('ONE', 'One', 14, prefix => '1', check_digit => 'luhn', max_active_cards => 1000000);
			SELECT cardgen.create_series('TWO', 'Two', 14, prefix => '2', method => 'sequential', max_active_cards => 1000000);
			SELECT cardgen.generate_batch('TWO', 1000)});
	}
	return map { start_client($server, $_) } ($generate, $generate, $issue, $issue, $many, $remove);
}

# Until they have done something of everything, however slow the machine is.
sub await_load
{
	my ($server, $seconds) = @_;

	sleep($seconds);
	$server->poll_query_until('postgres', q{
		SELECT (SELECT max(batch_id) - count(*) FROM cardgen.batch) > 50
			AND (SELECT count(*) FROM cardgen.card WHERE status = 'active') > 50
			AND EXISTS (SELECT FROM cardgen.card WHERE series_code = 'ONE' AND batch_id IS NULL)})
	  or die 'the clients do nothing';
}

# Adds to an account of what was acknowledged, once the server has gone.
sub stop_load
{
	my ($account, @clients) = @_;

	foreach my $client (@clients)
	{
		$client->{run}->finish;
		add_to_account($account, split /\|/) foreach split /\n/, slurp_file("$client->{file}.out");
		$account->{errors}{$_} = 1 foreach slurp_file("$client->{file}.err") =~ /ERROR:\s+(\w+)/g;
	}
}

sub add_to_account
{
	my ($account, $what, $key, $value) = @_;

	if ($what eq 'batch')
	{
		$account->{batch}{$key} = $value;
	}
	elsif ($what eq 'removing' || $what eq 'removed')
	{
		$account->{$what}{$_} = 1 foreach split /,/, $key;
	}
	elsif ($what eq 'card')
	{
		$account->{batch}{$key}++;
		push @{ $account->{twice} }, $value if $account->{card}{$value};
		$account->{card}{$value} = $key;
	}
	elsif ($what eq 'new')
	{
		push @{ $account->{twice} }, $key if $account->{card}{$key};
		$account->{card}{$key} = 'no batch';
		$account->{customer}{$key} = $value;
	}
	elsif ($what eq 'issued')
	{
		push @{ $account->{twice} }, $key if $account->{customer}{$key};
		$account->{customer}{$key} = $value;
	}
	elsif ($what eq 'active')
	{
		$account->{active}{$key} = 1;
	}
}

# What was acknowledged is there, and the rest is there wholly or not at all.
sub check_load
{
	my ($account, $server, $name) = @_;
	my %rows = map {
		$_->[0] => { map { split /\|/ } split /\n/, $server->safe_psql('postgres', "SELECT $_->[1]") } } (
		[ batch => 'batch_id, card_count FROM cardgen.batch' ],
		[ stored => 'number, batch_id FROM cardgen.generated_card' ],
		[ customer => 'number, customer_id FROM cardgen.card' ],
		[ status => 'number, status FROM cardgen.card' ],
		[ log => q{number, count(*) FROM cardgen.card_status_log WHERE to_label = 'ISSUED' GROUP BY 1} ],
		[ counter => 'series_code, next_ordinal FROM cardgen.series_counter' ]);
	my %acknowledged = map { $_ => $account->{$_} // {} } qw(batch removing removed card customer active counter);
	my $cards = 0;

	$cards += $_ foreach values %{ $rows{batch} };
	every_batch_is_whole($server, 'postgres', $name);
	is($server->safe_psql('postgres', 'SELECT count(*) FROM cardgen.generated_card'), $cards,
		"$name: there are no numbers without a batch");

	none("$name: no batch is gone that was acknowledged",
		grep { !$acknowledged{removing}{$_} && ($rows{batch}{$_} // 0) != $acknowledged{batch}{$_} } keys %{ $acknowledged{batch} });
	none("$name: no batch is back that was removed", grep { $rows{batch}{$_} } keys %{ $acknowledged{removed} });
	none("$name: no number was given out twice", @{ $account->{twice} // [] });
	none("$name: nor is it there in another batch",
		grep { $rows{stored}{$_} && $rows{stored}{$_} ne $acknowledged{card}{$_} } keys %{ $acknowledged{card} });

	none("$name: no issued card is lost",
		grep { ($rows{customer}{$_} // '') ne $acknowledged{customer}{$_} } keys %{ $acknowledged{customer} });
	none("$name: nor a change of its status", grep { ($rows{status}{$_} // '') ne 'active' } keys %{ $acknowledged{active} });
	none("$name: each issue is logged, once", grep { ($rows{log}{$_} // 0) != 1 } keys %{ $rows{customer} });
	none("$name: and no other", grep { !$rows{customer}{$_} } keys %{ $rows{log} });

	is($server->safe_psql('postgres', q{
			SELECT count(*) FROM (SELECT FROM cardgen.card WHERE series_code = 'ONE' AND batch_id IS NULL
				GROUP BY issued_on HAVING count(*) <> 50) AS calls}), 0, "$name: a call for many is there wholly or not at all");

	none("$name: no counter went back",
		grep { ($rows{counter}{$_} // -1) < ($acknowledged{counter}{$_} // 0) } qw(ONE TWO));
	is($server->safe_psql('postgres', q{
			SELECT c.series_code FROM cardgen.series_counter c WHERE next_ordinal <= greatest(
				(SELECT max(first_ordinal + card_count - 1) FROM cardgen.batch b WHERE b.series_code = c.series_code),
				(SELECT max(ordinal) FROM cardgen.card d WHERE d.series_code = c.series_code))}), '',
		"$name: every counter is past the numbers there are");
	is($server->safe_psql('postgres', q{
			SELECT count(*) FROM cardgen.free_range f JOIN cardgen.series_counter c USING (series_code)
			WHERE f.end_ordinal > c.next_ordinal
				OR EXISTS (SELECT FROM cardgen.card d WHERE d.series_code = f.series_code AND d.ordinal >= f.first_ordinal AND d.ordinal < f.end_ordinal)
				OR EXISTS (SELECT FROM cardgen.batch b WHERE b.series_code = f.series_code
					AND b.first_ordinal < f.end_ordinal AND b.first_ordinal + b.card_count > f.first_ordinal)}), '0',
		"$name: no free number is a card's");
	$account->{counter} = $rows{counter};

	# Batches and cards that another client was quicker with.
	none("$name: no client met another error", grep { !/^(42704|55000)$/ } keys %{ $account->{errors} });

	# What was found once is no fault of the rounds that follow.
	delete @$account{qw(errors twice)};
}

sub none
{
	my ($name, @found) = @_;

	is(join(' ', splice @found, 0, 10), '', $name);
}

1;
