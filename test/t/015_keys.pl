# cardgen.key_command: what a command may do and how it fails, that no key of a
# series is then to be found anywhere, and that wrap_keys() loses none.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CardgenTest;
use IPC::Run ();
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => missing_library('pgcrypto') if missing_library('pgcrypto');

my $directory = PostgreSQL::Test::Utils::tempdir();
my $server = new_server('main', allows_streaming => 1, configuration => "autovacuum = off\n");
$server->start;

# Another server unwraps keys, so that the first one never sees one.
my $judge = new_server('judge');
$judge->start;
$judge->safe_psql('postgres', q{
	CREATE EXTENSION pgcrypto;
	-- RFC 3394, section 2.2.2
	CREATE FUNCTION unwrap(wrapped bytea, wrapping_key bytea) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		a bytea := substr(wrapped, 1, 8);
		r bytea[] := ARRAY[substr(wrapped, 9, 8), substr(wrapped, 17, 8), substr(wrapped, 25, 8), substr(wrapped, 33, 8)];
		b bytea;
	BEGIN
		IF length(wrapped) <> 40 THEN
			RETURN 'not wrapped';
		END IF;
		FOR step IN REVERSE 24..1 LOOP
			b := decrypt(set_byte(a, 7, get_byte(a, 7) # step) || r[(step - 1) % 4 + 1], wrapping_key, 'aes-ecb/pad:none');
			a := substr(b, 1, 8);
			r[(step - 1) % 4 + 1] := substr(b, 9, 8);
		END LOOP;
		RETURN CASE WHEN a = '\xa6a6a6a6a6a6a6a6' THEN encode(r[1] || r[2] || r[3] || r[4], 'hex') ELSE 'not unwrapped' END;
	END $$});

my $key_count = 0;
my ($key_file, $wrapping_key) = new_key_file();
my %old_key;

at(q{
	CREATE EXTENSION cardgen;
	SELECT cardgen.create_series('CLEAR', 'Clear', 12, prefix => '1');
	SELECT cardgen.generate_batch('CLEAR', 100)});
$old_key{CLEAR} = at(q{SELECT encode(key, 'hex') FROM cardgen.series_key});

set_commands("cat '$key_file'", '');
at(q{
	SELECT cardgen.create_series('GOLD', 'Gold', 12, prefix => '2', check_digit => 'luhn');
	SELECT cardgen.generate_batch('GOLD', 100)});
my ($gold) = split /\n/, numbers_of($server, 'postgres', 2);
at("SELECT cardgen.issue_card('$gold', 'ann')");

test_storage();
test_commands();
test_number_of_runs();
test_interrupts();
test_memory();
test_dump();
test_wrapping();
test_crash();
test_rotation();
test_creation();
test_standby();

done_testing();

sub at
{
	my ($statements) = @_;

	return $server->safe_psql('postgres', $statements);
}

sub new_key_file
{
	my $file = "$directory/key" . ++$key_count;
	my $key = join '', map { sprintf '%02x', int rand 256 } 1 .. 32;

	append_to_file($file, "$key\n");
	return ($file, $key);
}

# Returns when every new session has them. The former one is there first: a
# session that reads the file meanwhile can unwrap all the same.
sub set_commands
{
	my ($present, $former, $node) = @_;

	$node //= $server;
	$node->safe_psql('postgres', "LOAD 'cardgen'; ALTER SYSTEM SET cardgen.$_->[0] = \$command\$$_->[1]\$command\$")
	  foreach [ former_key_command => $former ], [ key_command => $present ];
	$node->reload;
	$node->poll_query_until('postgres', qq{
		SELECT current_setting('cardgen.key_command', true) = \$command\$$present\$command\$
			AND current_setting('cardgen.former_key_command', true) = \$command\$$former\$command\$})
	  or die 'the settings do not change';
}

# The stored keys, as the wrapping key opens them.
sub unwrapped
{
	my ($key) = @_;
	my $stored = at(q{SELECT string_agg(format('(%L, %L::bytea)', series_code, key), ', ') FROM cardgen.series_key});

	return map { split /\|/ } split /\n/, $judge->safe_psql('postgres',
		"SELECT series_code, unwrap(key, '\\x$key') FROM (VALUES $stored) AS series_key (series_code, key)");
}

sub is_wrapped_under
{
	my ($key, $name) = @_;
	my %keys = unwrapped($key);

	is(join(' ', grep { $keys{$_} !~ /^[0-9a-f]{64}$/ } sort keys %keys), '', $name);
}

sub any_of
{
	my $any = join '|', map { spellings($_) } @_;

	return qr/$any/i;
}

sub test_storage
{
	my %key = unwrapped($wrapping_key);

	like($key{GOLD}, qr/^[0-9a-f]{64}$/, 'a new key is wrapped as RFC 3394 says');
	is($key{CLEAR}, 'not wrapped', 'an old one is not');
	is(at('SELECT octet_length(key) FROM cardgen.series_key ORDER BY 1'), "32\n40", 'by their lengths, too');

	# Every statement with its parameters and plan, and what only developers see.
	at(q{ALTER ROLE CURRENT_USER SET log_min_messages = debug5;
		ALTER ROLE CURRENT_USER SET log_min_duration_statement = 0;
		ALTER ROLE CURRENT_USER SET log_parameter_max_length = -1;
		ALTER ROLE CURRENT_USER SET debug_print_plan = on});
	my ($status, $output, $errors) = $server->psql('postgres', q{
		SET client_min_messages = debug5;
		LOAD 'auto_explain';
		SET auto_explain.log_min_duration = 0;
		SET auto_explain.log_nested_statements = on;
		SET auto_explain.log_verbose = on;
		SELECT cardgen.create_series('SEEN', 'Seen', 12, prefix => '3');
		SELECT cardgen.generate_batch('SEEN', 10);
		SELECT cardgen.wrap_keys();
		SELECT cardgen.drop_series('SEEN');
		UPDATE cardgen.series_counter SET next_ordinal = 0 WHERE series_code = 'SEEN';
		BEGIN;
		SELECT cardgen.create_series('UNSEEN', 'Unseen', 12, prefix => '4');
		SELECT cardgen.drop_series('UNSEEN');
		ROLLBACK}, on_error_stop => 0);
	at('ALTER ROLE CURRENT_USER RESET ALL');
	%key = unwrapped($wrapping_key);
	my $any = any_of(@key{qw(CLEAR GOLD SEEN)}, $wrapping_key);
	my $log = slurp_file($server->logfile);

	is($key{CLEAR}, $old_key{CLEAR}, 'wrap_keys() wraps the key there was');
	like($log, qr/INSERT INTO cardgen.series_key.*UPDATE cardgen.series_key/s, 'the log has the statements');
	ok("...$key{GOLD}..." =~ $any, 'a key would be noticed');
	has_no_key($log, $any, 'the log of the server');
	has_no_key("$output$errors", $any, 'what the client is sent');
	$old_key{$_} = $key{$_} foreach qw(GOLD SEEN);
}

# A clear series again, for what has to go on when a command fails.
sub create_clear_series
{
	set_commands('', '');
	at("SELECT cardgen.create_series('PLAIN', 'Plain', 12, prefix => '5'); SELECT cardgen.generate_batch('PLAIN', 100)");
}

sub test_commands
{
	my ($other_file) = new_key_file();
	my $before;

	create_clear_series();
	$before = table_contents($server, 'postgres');
	my @refused = (
		[ 'exit 3', qr/It failed: child process exited with exit code 3\./ ],
		[ "cat '$key_file'; exit 1", qr/It failed: child process exited with exit code 1\./ ],
		[ "cat '$key_file'; kill -9 \$\$", qr/It failed: child process was terminated by signal 9/ ],
		[ "$directory/none", qr/It failed: command not found\./ ],
		[ 'true', qr/It printed nothing\./ ],
		map { [ $_, qr/It printed something else than 64 hexadecimal digits and at most a newline\./ ] } (
			'echo', "head -c 63 '$key_file'", "cat '$key_file' '$key_file'", "cat '$key_file'; echo", "cat '$key_file'; printf ' '",
			"printf ' '; cat '$key_file'", "tr -d '\\n' <'$key_file'; printf '\\r\\n'", "sed s/./g/ '$key_file'", 'yes',
			'head -c 64 /dev/zero', "head -c 64 '$key_file'; printf '\\000'", "sed 's/../&:/g' '$key_file'"));

	foreach my $case (@refused)
	{
		my ($command, $detail) = @$case;

		set_commands($command, '');
		my ($status, $output, $errors) = $server->psql('postgres', q{
			\set VERBOSITY verbose
			SELECT cardgen.generate_batch('GOLD', 1)});
		like($errors, qr/ERROR:  55000: the command of cardgen\.key_command gives no key\n.*$detail.*CONSTRAINT NAME:  key_command_failed/s, "refused: $command");
		unlike($errors, qr/@{[substr $wrapping_key, 0, 8]}/, 'what was printed is not shown');
		fails_with($server, 'postgres', $_, '55000', "refused: $_")
		  foreach ("SELECT cardgen.create_series('NEW', 'New', 12, prefix => '9')", 'SELECT cardgen.wrap_keys()');
		is(at("SELECT cardgen.classify_number('$gold'), count(*) FROM cardgen.batch b, LATERAL cardgen.download_batch(b.batch_id) WHERE series_code = 'PLAIN'"),
			'issued|100', 'what needs no command works');
	}
	foreach my $former ('exit 4', "cat '$other_file'")
	{
		set_commands("cat '$other_file'", $former);
		my ($status, $output, $errors) = $server->psql('postgres', q{SELECT cardgen.generate_batch('GOLD', 1)});
		like($errors, $former =~ /exit/ ? qr/the command of cardgen\.former_key_command gives no key/ :
			qr/the key of card series "GOLD" can't be unwrapped/, "the wrong key, and $former");
		fails_with($server, 'postgres', $_, '55000', "$_ with the wrong key") foreach
		  ('SELECT cardgen.wrap_keys()', "SELECT cardgen.generate_batch('GOLD', 1)");
	}
	same_text(table_contents($server, 'postgres'), $before, 'nothing was written');

	foreach my $command ("cat '$key_file'", "tr -d '\\n' <'$key_file'", "tr a-f A-F <'$key_file'", "echo oops >&2; cat '$key_file'",
		"cat '$key_file'; exec >&-; sleep 0.3")
	{
		set_commands($command, '');
		is(at("SELECT cardgen.classify_number('$gold'), count(*) FROM cardgen.download_batch(2)"), 'issued|100', "accepted: $command");
	}
	set_commands('', "cat '$key_file'");
	is(at('SELECT count(*) FROM cardgen.download_batch(2)'), '100', 'the former command alone unwraps');
	has_no_key(slurp_file($server->logfile), any_of($wrapping_key), 'the log of the server');
}

# Once a session, and again when the setting has changed.
sub test_number_of_runs
{
	my $runs = "$directory/runs";
	my $session = $server->background_psql('postgres');
	my $use = q{
		SELECT cardgen.alter_series('GOLD', 'Gold');
		SELECT count(*) FROM cardgen.download_batch(2)};
	my $count = sub { return -e $runs ? (() = slurp_file($runs) =~ /run/g) : 0; };

	set_commands("echo run >>'$runs'; cat '$key_file'", '');
	$session->query_safe(q{SELECT cardgen.classify_number('5')});
	is($count->(), 0, 'not before a key is needed');
	$session->query_safe($use) foreach 1 .. 3;
	is($count->(), 1, 'once');
	$server->reload;
	at('SELECT pg_sleep(0.2)');
	$session->query_safe($use) foreach 1 .. 3;
	is($count->(), 1, 'a reload without a change is no reason to run it again');
	at($use);
	is($count->(), 2, 'another session runs it once more');
	set_commands("echo run >>'$runs'; echo run >>'$runs'; cat '$key_file'", '');
	$session->query_safe($use) foreach 1 .. 3;
	is($count->(), 4, 'when the setting has changed it is run once');
	$session->quit;
}

# A command that hangs, in each of several ways, is ended with all it started.
sub test_interrupts
{
	my $pids = "$directory/pids";
	my %hanging = (
		'prints nothing' => 'wait',
		'has printed the key' => "cat '$key_file'; wait",
		'has closed its output' => "cat '$key_file'; exec >&-; wait",
		'ignores signals' => "trap '' INT TERM HUP QUIT; wait");

	foreach my $name (sort keys %hanging)
	{
		set_commands("trap 'exit 1' USR1; sleep 1000 >&- & echo \$\$ \$! >'$pids'; $hanging{$name}", '');
		foreach my $way (qw(statement_timeout pg_cancel_backend pg_terminate_backend))
		{
			my $timeout = $way eq 'statement_timeout';
			unlink $pids;
			my $client = IPC::Run::start(
				[ 'psql', '-XAtq', '-v', 'VERBOSITY=sqlstate', '-d', $server->connstr('postgres'),
					'-c', $timeout ? q{SET statement_timeout = '2 s'} : 'SELECT', '-c', q{SELECT count(*) FROM cardgen.download_batch(2)},
					'-c', 'SET statement_timeout = 0', '-c', q{SELECT cardgen.classify_number('5'), count(*) FROM cardgen.batch b, LATERAL cardgen.download_batch(b.batch_id) WHERE series_code = 'PLAIN'} ],
				'>', \my $output, '2>', \my $errors);
			$server->poll_query_until('postgres', "SELECT size > 0 FROM pg_stat_file('$pids', true)") or die 'no command runs';
			at("SELECT $way(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND query LIKE '%download_batch(2)%'"
				  . ' AND pid <> pg_backend_pid()') unless $timeout;
			$client->finish;
			like($errors, $way =~ /terminate/ ? qr/57P01/ : qr/57014/, "a command that $name: $way");
			is($output, "malformed|100\n", 'the session goes on') unless $way =~ /terminate/;
			is(join(' ', grep { !ended($_) } split ' ', slurp_file($pids)), '', 'no process is left');
		}
	}
	set_commands("cat '$key_file'", '');
	is(at('SELECT count(*) FROM cardgen.download_batch(2)'), '100', 'the key is there again');
}

sub ended
{
	my ($pid) = @_;

	foreach (1 .. 1000)
	{
		# A zombie is nobody's concern but that of its parent.
		open my $state, '<', "/proc/$pid/stat" or return 1;
		return 1 if (<$state> // ') Z ') =~ /\) Z /;
		select undef, undef, undef, 0.01;
	}
	return 0;
}

# What a core of the session would have.
sub test_memory
{
  SKIP:
	{
		skip "the server runs under $ENV{POSTGRES_UNDER}", 5 if $ENV{POSTGRES_UNDER};
		my $session = $server->background_psql('postgres', on_error_stop => 0);
		my $pid = $session->query_safe('SELECT pg_backend_pid()');
		skip 'the memory of a process of the server can not be read', 6 unless memory_has($pid, 'pg_backend_pid');
		my $start = "$directory/started";
		my @secrets = map { pack 'H*', $_ } $old_key{GOLD}, $wrapping_key;

		$session->query_safe('SELECT count(*) FROM cardgen.download_batch(2)');
		ok(memory_has($pid, $_), 'a key in use would be found') foreach @secrets;
		is(memory_has($pid, $wrapping_key), 0, 'the digits of the wrapping key are gone already');

		set_commands("cat '$key_file'; touch '$start'; sleep 1000", '');
		my $canceled = at("SELECT $pid");
		my $canceling = IPC::Run::start([ 'sh', '-c',
				"while ! test -e '$start'; do sleep 0.1; done; exec psql -XAtq -d '@{[$server->connstr('postgres')]}' -c 'SELECT pg_cancel_backend($pid)'" ]);
		$session->query(q{
			SELECT cardgen.alter_series('GOLD', 'Gold');
			SELECT count(*) FROM cardgen.download_batch(2)});
		$canceling->finish;
		like($session->{stderr}, qr/canceling statement due to user request/, 'the command has printed the key and is canceled');
		$session->{stderr} = '';
		is(join(' ', grep { memory_has($pid, $_) } @secrets), '', 'no key of the series is left, and none that wrapped it');
		is(memory_has($pid, $wrapping_key), 0, 'nor its digits');
		$session->quit;
		set_commands("cat '$key_file'", '');
	}
}

sub memory_has
{
	my ($pid, $what) = @_;
	my $found = 0;

	open my $memory, '<:raw', "/proc/$pid/mem" or return 0;
	foreach my $region (split /\n/, slurp_file("/proc/$pid/maps"))
	{
		my ($from, $to) = $region =~ /^([0-9a-f]+)-([0-9a-f]+) rw/ or next;
		my $length = hex($to) - hex($from);

		next unless sysseek $memory, hex $from, 0;
		next unless sysread $memory, (my $content), $length;
		$found = 1 if index($content, $what) >= 0;
	}
	close $memory;
	return $found;
}

# Dump and restore: everything is there, but not the numbers to come.
sub test_dump
{
	my %file = map { $_ => numbers_of($server, 'postgres', $_) } 2, 3;
	my $any = any_of(@old_key{qw(CLEAR GOLD SEEN)}, $wrapping_key);

	at('SELECT cardgen.wrap_keys()');
	$server->command_ok([ 'pg_dump', "--format=$_", '-Z', 0, '--file', "$directory/dump.$_", 'postgres' ], "dump: $_")
	  foreach qw(plain custom tar);
	has_no_key(slurp_file("$directory/dump.$_"), $any, "the dump: $_") foreach qw(plain custom tar);

	$judge->safe_psql('postgres', 'CREATE DATABASE restored');
	$judge->command_ok([ 'pg_restore', '--exit-on-error', '-d', 'restored', "$directory/dump.custom" ], 'restore without the command');
	is($judge->safe_psql('restored', "SELECT customer_id FROM cardgen.find_card('$gold')"), 'ann', 'a card that has a row is found');
	fails_with($judge, 'restored', $_, '55000', "without the key: $_") foreach (
		'SELECT cardgen.download_batch(2)', q{SELECT cardgen.generate_batch('PLAIN', 1)}, q{SELECT cardgen.issue_new_card('GOLD', 'bob')});
	set_commands("cat '$key_file'", '', $judge);
	same_text(numbers_of($judge, 'restored', $_), $file{$_}, "with the command batch $_ is as it was") foreach sort keys %file;
	is($judge->safe_psql('restored', q{SELECT array_agg(number) FROM cardgen.generate_cards('GOLD', 50)}),
		at(q{SELECT array_agg(number) FROM cardgen.generate_cards('GOLD', 50)}), 'and goes on as the first one does');
	set_commands('', '', $judge);
}

# All that is in files of the server, and what a base backup has of it.
sub test_wrapping
{
	my $plain = { unwrapped($wrapping_key) }->{PLAIN};

	is_wrapped_under($wrapping_key, 'all keys are wrapped');
	is(join(' ', files_with($server->data_dir, $old_key{GOLD}, $wrapping_key)), '',
		'no file of the server has a key that was made with the command');
	isnt(join(' ', files_with($server->data_dir, $plain)), '', 'one that was wrapped later has left traces');

	# As README says.
	at('VACUUM FULL cardgen.series_key; CHECKPOINT');
	$server->backup('clean');
	is(join(' ', files_with($server->backup_dir . '/clean', $plain, @old_key{qw(CLEAR GOLD SEEN)}, $wrapping_key)), '',
		'a base backup that is made then has none');
}

# The files that have a quarter of one of the keys: raw, in hex or in base64.
sub files_with
{
	my ($top, @keys) = @_;
	my @pieces = map { pack 'H*', $_ } map { /.{16}/g } @keys;
	my @spellings = map {
		my $piece = $_;
		my $hex = unpack 'H*', $piece;
		# The characters that belong to no other bytes, wherever the piece begins.
		($piece, $hex, uc $hex, map { substr encode_base64("\0" x $_ . $piece, ''), $_ + ($_ > 0), 9 } 0 .. 2);
	} @pieces;

	return grep {
		my $content = slurp_file($_);
		grep { index($content, $_) >= 0 } @spellings;
	} split /\n/, `find '$top' -type f`;
}

# The server is lost when half of the keys are wrapped anew.
sub test_crash
{
	my ($new_file, $new_key) = new_key_file();
	my $numbers = q{SELECT string_agg(n, ',') FROM cardgen.batch b, LATERAL (SELECT cardgen.download_batch(b.batch_id)) d(n)};

	at(q{
		SELECT cardgen.create_series('CRASH' || i, 'Crash', 12, prefix => 'C' || i || 'X') FROM generate_series(10, 29) i;
		SELECT cardgen.generate_batch('CRASH' || i, 10) FROM generate_series(10, 29) i;
		CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
			'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END';
		CREATE TRIGGER wait BEFORE UPDATE ON cardgen.series_key FOR EACH ROW
			WHEN (NEW.series_code = 'CRASH20') EXECUTE FUNCTION wait()});
	my $expected = at($numbers);
	my $stored = at('SELECT * FROM cardgen.series_key ORDER BY 1');
	set_commands("cat '$new_file'", "cat '$key_file'");

	foreach my $way (qw(pg_cancel_backend crash))
	{
		my $lock = $server->background_psql('postgres', on_error_die => 0);
		$lock->query_safe('SELECT pg_advisory_lock(1)');
		my $client = IPC::Run::start([ 'psql', '-XAtq', '-d', $server->connstr('postgres'), '-c', 'SELECT cardgen.wrap_keys()' ],
			'>', \my $output, '2>', \my $errors);
		$server->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'advisory'})
		  or die 'nothing waits';
		if ($way eq 'crash')
		{
			$server->stop('immediate');
			$server->start;
			eval { $lock->quit };
		}
		else
		{
			at(q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'advisory'});
			$lock->quit;
		}
		eval { $client->finish };
		is(at('SELECT * FROM cardgen.series_key ORDER BY 1'), $stored, "$way: every key is as it was");
		is(at($numbers), $expected, "$way: and every number");
	}
	at('DROP TRIGGER wait ON cardgen.series_key');

	# Two at a time.
	my @clients = map { my $output = ''; [ \$output, IPC::Run::start(
		[ 'psql', '-XAtq', '-d', $server->connstr('postgres'), '-c', 'SELECT cardgen.wrap_keys()' ], '>', \$output, '2>&1') ] } 1, 2;
	$_->[1]->finish foreach @clients;
	is(join('', sort map { ${ $_->[0] } } @clients), "0\n" . at('SELECT count(*) FROM cardgen.series_key') . "\n",
		'of two calls one wraps all, and the other waits and has nothing to do');
	is(at($numbers), $expected, 'every number is as it was');
	($key_file, $wrapping_key) = ($new_file, $new_key);
	set_commands("cat '$key_file'", '');
	is_wrapped_under($wrapping_key, 'all keys are wrapped under the new one');
}

# Several connections use and change series all the time, old ones and new ones,
# and one statement goes on through all of it. They pause, so that there are not
# the more batches to look through the longer it takes.
sub test_rotation
{
	my $script = "$directory/load.sql";

	at(q{
		SELECT cardgen.create_series('ONE', 'One', 12, prefix => '7');
		CREATE TABLE stop ();
		SELECT cardgen.generate_batch('ONE', 100)});
	append_to_file($script, q{
		\set n random(1, 1000000000)
		\sleep 20 ms
		SELECT count(*) FROM cardgen.generate_cards('ONE', 3);
		SELECT 1 / (count(*) = 100 AND bool_and(cardgen.classify_number(number) IN ('not_issued', 'issued')))::int
			FROM cardgen.generated_card WHERE batch_id = 2;
		SELECT cardgen.alter_series('ONE', 'One ' || :n);
		\if :n % 20 = 0
			SELECT cardgen.create_series('L' || :n, 'Load', 12, prefix => 'L' || :n || 'X');
			SELECT cardgen.generate_batch('L' || :n, 2);
		\endif
	} =~ s/^\t+(?!\t)//mgr =~ s/\n\t+FROM/ FROM/r =~ s/:n % 20 = 0/:new/r =~ s/(\\set n .*)/$1\n\\set new random(1, 20) = 1/r);
	my @load = map {
		my %client = (output => '');
		$client{run} = IPC::Run::start(
			[ 'pgbench', '-n', '-c', 2, '-T', 1000, @$_, '-f', $script, $server->connstr('postgres') ], '>&', \$client{output});
		\%client } [], ['-C'];
	my $long = IPC::Run::start([ 'psql', '-XAtq', '-d', $server->connstr('postgres'), '-c', q{
			DO $$
			BEGIN
				WHILE NOT EXISTS (SELECT FROM pg_class WHERE relname = 'stopped') LOOP
					PERFORM 1 / (cardgen.classify_number(number) = 'not_issued')::int
						FROM cardgen.generated_card JOIN cardgen.batch USING (batch_id) WHERE series_code <> 'GOLD' LIMIT 5;
					PERFORM cardgen.generate_cards('ONE', 1);
					COMMIT;
					PERFORM pg_sleep(0.01);
				END LOOP;
			END $$} ], '>&', \my $long_output);

	foreach my $round (1 .. 3)
	{
		my ($new_file, $new_key) = new_key_file();
		my $count = at('SELECT count(*) FROM cardgen.series_key');

		set_commands("cat '$new_file'", "cat '$key_file'");
		await_new_statements() foreach 1, 2;
		cmp_ok(at('SELECT cardgen.wrap_keys()'), '>', 0, "rotation $round wraps keys");
		cmp_ok(at('SELECT cardgen.wrap_keys()'), '==', 0, 'all of them');
		is_wrapped_under($new_key, 'new ones, too');
		cmp_ok(at('SELECT count(*) FROM cardgen.series_key'), '>=', $count, 'while series were made');
		at('SELECT pg_sleep(0.5)');
		set_commands("cat '$new_file'", '');
		($key_file, $wrapping_key) = ($new_file, $new_key);
	}

	at('ALTER TABLE stop RENAME TO stopped');
	$long->finish;
	is($long_output, '', 'no call of the long statement has failed');
	foreach my $client (@load)
	{
		# A test that runs in the background of a script would ignore INT.
		$client->{run}->signal('TERM');
		$client->{run}->finish;
		unlike($client->{output}, qr/ERROR|abort/, 'no client has met an error');
	}
	cmp_ok(at('SELECT count(*) FROM cardgen.batch'), '>', 100, 'they have done something');
	unlike(slurp_file($server->logfile), qr/terminated by signal (?!9)|PANIC:|TRAP:/, 'no process has crashed');
	# Autovacuum is off: pages that are not summarized would be read for each batch.
	at('VACUUM cardgen.generated_card');
	every_batch_is_whole($server, 'postgres', 'after the rotations');
}

# Sessions hear of new settings ahead of a statement, some of the one after it.
sub await_new_statements
{
	my $now = at('SELECT clock_timestamp()');

	$server->poll_query_until('postgres', qq{
		SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'pgbench' AND query_start <= '$now')})
	  or die 'the clients do nothing';
}

# Series that are being created while all keys are wrapped: by a transaction that
# has made its key by then, and by a statement that began before the settings
# changed and makes its key afterwards.
sub test_creation
{
	my ($new_file, $new_key) = new_key_file();
	my $creation = $server->background_psql('postgres');
	my $import = $server->background_psql('postgres');
	my $wrapping_output = '';

	$creation->query_safe(q{BEGIN; SELECT cardgen.create_series('OPEN', 'Open', 12, prefix => '81')});
	set_commands("cat '$new_file'", "cat '$key_file'");
	my $wrapping = IPC::Run::start(
		[ 'psql', '-XAtq', '-d', $server->connstr('postgres'), '-c', 'SELECT cardgen.wrap_keys()' ], '>&', \$wrapping_output);
	await_lock('wrap_keys');
	$creation->query_safe('COMMIT');
	$wrapping->finish;
	is($wrapping_output, at('SELECT count(*) FROM cardgen.series_key') . "\n", 'a series that was being created is wrapped, too');
	is_wrapped_under($new_key, 'under the new key');
	($key_file, $wrapping_key) = ($new_file, $new_key);

	($new_file, $new_key) = new_key_file();
	$import->query_safe('BEGIN; LOCK TABLE cardgen.series IN SHARE UPDATE EXCLUSIVE MODE');
	my $waiting = IPC::Run::start([ 'psql', '-XAtq', '-d', $server->connstr('postgres'), '-c',
			q{SELECT code FROM cardgen.create_series('LATE', 'Late', 12, prefix => '82')} ], '>&', \my $waiting_output);
	await_lock('create_series');
	set_commands("cat '$new_file'", "cat '$key_file'");
	at('SELECT cardgen.wrap_keys()');
	set_commands("cat '$new_file'", '');
	$import->query_safe('COMMIT');
	$waiting->finish;
	is($waiting_output, "LATE\n", 'a series that had to wait is created');
	is_wrapped_under($new_key, 'under the key there is by then');
	($key_file, $wrapping_key) = ($new_file, $new_key);
	$_->quit foreach $creation, $import;
}

sub await_lock
{
	my ($call) = @_;

	$server->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%$call%'")
	  or die "$call does not wait";
}

# A standby has a command of its own.
sub test_standby
{
	my $standby = PostgreSQL::Test::Cluster->new('standby');

	$server->backup('standby');
	$standby->init_from_backup($server, 'standby', has_streaming => 1);
	$standby->append_conf('postgresql.auto.conf', "cardgen.key_command = ''");
	$standby->start;
	my $session = $standby->background_psql('postgres', on_error_stop => 0);

	$session->query(q{SELECT cardgen.download_batch(2) LIMIT 1});
	like($session->{stderr}, qr/the key of card series "GOLD" can't be unwrapped/, 'a standby without the command can not download');
	$session->{stderr} = '';
	is($session->query_safe("SELECT customer_id FROM cardgen.find_card('$gold')"), 'ann', 'it finds a card that has a row');

	my ($new_file, $new_key) = new_key_file();
	$standby->append_conf('postgresql.auto.conf', "cardgen.key_command = 'cat ''$new_file'''\ncardgen.former_key_command = 'cat ''$key_file'''");
	$standby->reload;
	$standby->poll_query_until('postgres', q{SELECT current_setting('cardgen.former_key_command') <> ''}) or die 'nothing changes';
	is($session->query_safe(q{SELECT count(*) FROM cardgen.download_batch(2)}), '100', 'with it, it can');
	set_commands("cat '$new_file'", "cat '$key_file'");
	at('SELECT cardgen.wrap_keys()');
	$server->wait_for_catchup($standby);
	is($session->query_safe(q{SELECT count(*) FROM cardgen.download_batch(2)}), '100', 'the session goes on when the keys are wrapped anew');
	fails_with($standby, 'postgres', 'SELECT cardgen.wrap_keys()', '25006', 'a standby wraps none');

	$server->stop;
	$standby->promote;
	is($session->query_safe(q{SELECT count(*) FROM cardgen.generate_cards('GOLD', 10)}), '10', 'promoted: the session generates');
	is($standby->safe_psql('postgres', 'SELECT cardgen.wrap_keys()'), '0', 'promoted: all keys are wrapped');
	every_batch_is_whole($standby, 'postgres', 'promoted');
	$session->quit;
}
