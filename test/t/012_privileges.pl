# Who may do what, with the grants of README: every object of the extension,
# every role, as the catalog has it and as it turns out when it is tried. What
# a role was not granted can't be had by other ways either, and a key is seen
# by no one.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CardgenTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Of what each role may use. An object that is not here fails the test.
my @backend = qw(cardgen_backend cardgen_dba);
my @dba = qw(cardgen_dba);
my @readers = qw(cardgen_backend cardgen_dba cardgen_report);
my %granted = (
	'schema cardgen' => [ @readers, 'guest' ],
	'function alter_series' => \@dba,
	'function classify_number' => \@backend,
	'function configuration_changed' => [],
	'function create_series' => \@dba,
	'function create_status_label' => \@dba,
	'function distribute' => \@dba,
	'function download_batch' => \@backend,
	'function drop_series' => \@dba,
	'function expire_cards' => \@dba,
	'function find_card' => \@backend,
	'function generate_batch' => \@backend,
	'function generate_cards' => \@backend,
	'function import_cards' => \@dba,
	'function issue_card' => \@backend,
	'function issue_cards' => \@backend,
	'function issue_new_card' => \@backend,
	'function issue_new_cards' => \@backend,
	'function merge_customers' => \@backend,
	'function order_batches' => \@dba,
	'function remove_batch' => \@dba,
	'function remove_expired_batches' => \@dba,
	'function replace_card' => \@backend,
	'function retain_batch' => \@dba,
	'function set_batch_label' => \@dba,
	'function set_card_status' => \@backend,
	'function set_card_statuses' => \@backend,
	'function set_default_label' => \@dba,
	'function skip_numbers' => \@dba,
	'function transfer_card' => \@backend,
	'function verify_batch' => \@dba,
	'function wrap_keys' => [],
	'procedure generate_order' => \@dba,
	'sequence batch_id_seq' => [],
	'sequence change_id_seq' => [],
	'table batch' => \@dba,
	'table card' => \@dba,
	'table card_status_log' => \@dba,
	'table free_range' => \@dba,
	'table generated_card' => \@dba,
	'table reserved_range' => \@dba,
	'table series' => \@dba,
	'table series_counter' => \@dba,
	'table series_key' => [],
	'table status_label' => \@dba,
	'view card_details' => \@readers,
	'view card_stock' => \@readers,
	'view generated_batches' => \@readers,
	'view series_usage' => \@readers,
	'view status_labels' => \@readers,

	# Everyone may use a type, as is PostgreSQL's default: that is to have a
	# column of it, and takes the schema to name it.
	map { ("type $_" => [qw(nobody guest cardgen_backend cardgen_dba cardgen_report)]) }
	  qw(card_status card_type check_digit_method number_method));

my @roles = qw(nobody guest cardgen_backend cardgen_dba cardgen_report);
my $everything = "'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'";

my @preloaded = grep { !missing_library($_) } qw(auto_explain pg_stat_statements);
my $server = new_server('main', extra => [ '--username=postgres', '--encoding=UTF8' ],
	configuration => "log_statement = none\nshared_preload_libraries = '" . join(',', @preloaded) . "'\n");
$ENV{PGUSER} = 'postgres';
$server->start;

my $database = 'loyalty';
run_as('postgres', "CREATE DATABASE $database", 'postgres');
run_as('postgres', 'CREATE EXTENSION cardgen');
create_roles($server, $database);
run_as('postgres', <<'SQL');
CREATE ROLE nobody LOGIN;
CREATE ROLE guest LOGIN;
GRANT USAGE ON SCHEMA cardgen TO guest;
SELECT cardgen.create_series('GOLD', 'Gold card', 12, '9000', check_digit => 'luhn');
SELECT cardgen.create_series('CLUB', 'Club card', 8, 'C', method => 'sequential', max_active_cards => 99);
SELECT cardgen.generate_batch('GOLD', 100);
SELECT cardgen.generate_batch('CLUB', 100);
SELECT cardgen.issue_card('C00000000', 'ann');
SQL

test_objects();
test_definers();
test_keys();
test_other_ways();
test_caller();
test_shadows();
test_names();
test_logs();
test_settings();
test_defaults();

done_testing();

# What the statements return; they must succeed.
sub run_as
{
	my ($role, $statements, $in) = @_;
	return $server->safe_psql($in // $database, $statements, extra_params => [ '-U', $role ]);
}

# The SQLSTATE of each statement, in a transaction that is rolled back where
# that is possible.
sub states_of
{
	my ($role, @statements) = @_;
	my $script = '';

	foreach my $statement (@statements)
	{
		my $try = "$statement;\n\\echo state :SQLSTATE\n";
		$script .= $statement =~ /ALTER SYSTEM/ ? $try : "BEGIN;\n${try}ROLLBACK;\n";
	}
	my ($status, $output) =
	  $server->psql($database, $script, on_error_stop => 0, extra_params => [ '-U', $role, '-v', 'VERBOSITY=terse' ]);
	my @states = $output =~ /^state (\w{5})$/mg;

	is(scalar @states, scalar @statements, "$role: all statements were tried");
	return @states;
}

# Each must end with one of the states.
sub refused
{
	my ($role, $expected, $name, @statements) = @_;
	my @states = states_of($role, @statements);
	my @wrong = map { "$states[$_]: $statements[$_]" } grep { $states[$_] !~ /^(?:$expected)$/ } 0 .. $#statements;

	is(join("\n", @wrong), '', $name);
}

# Ways to use an object; the first one is what a grant of README allows.
sub uses_of
{
	my ($kind, $name, $arguments) = @_;
	my $object = "cardgen.$name";

	return "SELECT $object($arguments)" if $kind eq 'function';
	return "CALL $object($arguments)" if $kind eq 'procedure';
	return ("SELECT 1 FROM $object LIMIT 1", "SELECT nextval('$object')", "SELECT setval('$object', 1)")
	  if $kind eq 'sequence';
	return ("SELECT 1 FROM $object LIMIT 1", "INSERT INTO $object DEFAULT VALUES", "DELETE FROM $object")
	  if $kind eq 'view';
	return (
		"SELECT 1 FROM $object LIMIT 1", "INSERT INTO $object DEFAULT VALUES", "DELETE FROM $object",
		"UPDATE $object SET $arguments = $arguments", "TRUNCATE $object CASCADE", "SELECT 1 FROM $object FOR UPDATE",
		"LOCK TABLE $object IN EXCLUSIVE MODE", "COPY $object FROM '/dev/null'", "ALTER TABLE $object ADD extra int",
		"CREATE INDEX ON $object ($arguments)", "CREATE RULE r AS ON INSERT TO $object DO INSTEAD NOTHING",
		"CREATE TRIGGER t BEFORE INSERT ON $object EXECUTE FUNCTION suppress_redundant_updates_trigger()")
	  if $kind eq 'table';
	return ();
}

# Statements that show which privileges there are on an object: the one that
# README may grant, and any other.
sub privilege_queries
{
	my ($kind, $oid, $role) = @_;

	return ("has_schema_privilege('$role', $oid, 'USAGE')", "has_schema_privilege('$role', $oid, 'CREATE')")
	  if $kind eq 'schema';
	return ("has_type_privilege('$role', $oid, 'USAGE')", 'false') if $kind eq 'type';
	return ("has_sequence_privilege('$role', $oid, 'USAGE, SELECT, UPDATE')", 'false') if $kind eq 'sequence';
	return ("has_function_privilege('$role', $oid, 'EXECUTE')",
		"has_function_privilege('$role', $oid, 'EXECUTE WITH GRANT OPTION')")
	  if $kind =~ /function|procedure/;
	return ("has_table_privilege('$role', $oid, 'SELECT')",
		"has_table_privilege('$role', $oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER, SELECT WITH GRANT OPTION')"
		  . " OR has_any_column_privilege('$role', $oid, 'INSERT, UPDATE, REFERENCES')"
		  . " OR has_any_column_privilege('$role', $oid, 'SELECT') <> has_table_privilege('$role', $oid, 'SELECT')");
}

sub test_objects
{
	my @objects = split /\n/, run_as('postgres', <<'SQL');
SELECT o.type, regexp_replace(regexp_replace(o.identity, '\(.*', ''), '^cardgen\.', ''), d.objid,
	CASE d.classid
		WHEN 'pg_proc'::regclass THEN (SELECT string_agg('NULL::' || format_type(t, NULL), ', ' ORDER BY place)
			FROM pg_proc, unnest(proargtypes) WITH ORDINALITY AS a(t, place) WHERE oid = d.objid)
		WHEN 'pg_class'::regclass THEN (SELECT attname::text FROM pg_attribute WHERE attrelid = d.objid AND attnum = 1)
	END
FROM pg_depend d, LATERAL pg_identify_object(d.classid, d.objid, 0) o
WHERE d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
	AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'cardgen')
	-- PostgreSQL 17 also lists the types of rows and arrays, which follow from the others.
	AND NOT (d.classid = 'pg_type'::regclass
		AND d.objid IN (SELECT oid FROM pg_type WHERE typrelid <> 0 OR typcategory = 'A'))
ORDER BY 1, 2
SQL
	my %found;
	my @known;

	foreach (@objects)
	{
		my ($kind, $name, $oid, $arguments) = split /\|/;

		$found{"$kind $name"} = 1;
		ok($granted{"$kind $name"}, "it is said who may use $kind $name") or next;
		push @known, [ $kind, $name, $oid, $arguments // '' ];
	}
	is(join(' ', grep { !$found{$_} } sort keys %granted), '', 'there are all objects of which it is said');

	foreach my $role (@roles)
	{
		my (@queries, @tries);

		foreach (@known)
		{
			my ($kind, $name, $oid, $arguments) = @$_;
			my $may = grep { $_ eq $role } @{ $granted{"$kind $name"} };
			my ($usual, $other) = privilege_queries($kind, $oid, $role);

			push @queries, "SELECT '$kind $name' WHERE ($usual) <> " . ($may ? 'true' : 'false') . " OR ($other)";
			foreach my $use (uses_of($kind, $name, $arguments))
			{
				push @tries, [ $use, $may ];
				$may = 0;
			}
		}
		is(run_as('postgres', join(' UNION ALL ', @queries)), '', "$role has the privileges expected and no others");

		my @states = states_of($role, map { $_->[0] } @tries);
		my @wrong;
		foreach my $i (0 .. $#tries)
		{
			my ($use, $may) = @{ $tries[$i] };

			# 55000: a view of several tables, which nobody can write to
			my $is_refused = $states[$i] eq '42501' || ($states[$i] eq '55000' && $use =~ /^INSERT|^DELETE/);
			push @wrong, "$states[$i]: $use" if $is_refused == $may || $states[$i] =~ /^42(?!501|704)/;
		}
		is(join("\n", @wrong), '', "$role can do what it was granted and nothing else");

		refused($role, '42501', "$role can't change what the extension is made of",
			'CREATE TABLE cardgen.extra (a int)',
			'CREATE FUNCTION cardgen.extra() RETURNS int LANGUAGE sql RETURN 1',
			'CREATE OR REPLACE FUNCTION cardgen.expire_cards() RETURNS integer LANGUAGE sql RETURN 1',
			'ALTER FUNCTION cardgen.find_card RESET search_path',
			"ALTER FUNCTION cardgen.find_card OWNER TO $role",
			'DROP FUNCTION cardgen.find_card',
			'DROP TABLE cardgen.card',
			"ALTER TYPE cardgen.card_status ADD VALUE 'lost'",
			'CREATE OR REPLACE VIEW cardgen.series_usage AS SELECT 1 AS code',
			'ALTER SCHEMA cardgen RENAME TO mine',
			"ALTER EXTENSION cardgen UPDATE TO '1.0'",
			'ALTER EXTENSION cardgen DROP TABLE cardgen.card',
			'DROP EXTENSION cardgen CASCADE');
	}
}

sub test_definers
{
	is( run_as('postgres', <<'SQL'), <<'EXPECTED' =~ s/\n\z//r, 'functions have the rights of their owner and a safe path, but for four');
SELECT proname FROM pg_proc
WHERE pronamespace = 'cardgen'::regnamespace
	AND (prosecdef AND proconfig @> '{"search_path=pg_catalog, pg_temp"}') IS NOT TRUE ORDER BY 1
SQL
configuration_changed
download_batch
generate_cards
generate_order
EXPECTED
	is( run_as('postgres', <<'SQL'), '1', 'all of it has one owner');
SELECT count(DISTINCT owner) FROM (
	SELECT proowner FROM pg_proc WHERE pronamespace = 'cardgen'::regnamespace
	UNION ALL SELECT relowner FROM pg_class WHERE relnamespace = 'cardgen'::regnamespace
	UNION ALL SELECT typowner FROM pg_type WHERE typnamespace = 'cardgen'::regnamespace
	UNION ALL SELECT nspowner FROM pg_namespace WHERE nspname = 'cardgen') o(owner)
SQL
}

sub test_keys
{
	is( run_as('postgres', <<"SQL"), '', 'only a superuser may see a key or change it');
SELECT rolname FROM pg_roles
WHERE NOT rolsuper AND rolname NOT IN ('pg_read_all_data', 'pg_write_all_data')
	AND (has_table_privilege(rolname, 'cardgen.series_key', $everything)
		 OR has_any_column_privilege(rolname, 'cardgen.series_key', 'SELECT, INSERT, UPDATE, REFERENCES'))
SQL
	run_as('postgres', 'ANALYZE cardgen.series_key');
	refused($_, '42501', "$_ can't read a key",
		'SELECT key FROM cardgen.series_key',
		'COPY cardgen.series_key TO STDOUT',
		'COPY cardgen.series_key (key) TO STDOUT',
		'SELECT count(*) FROM cardgen.series_key WHERE key IS NOT NULL',
		'SELECT sum(octet_length(key)) OVER () FROM cardgen.series_key',
		'EXPLAIN ANALYZE SELECT * FROM cardgen.series_key',
		'DECLARE c CURSOR FOR SELECT * FROM cardgen.series_key',
		"DO 'BEGIN CREATE TEMP VIEW v AS SELECT * FROM cardgen.series_key; PERFORM * FROM v; END'",
		"DO 'DECLARE k cardgen.series_key.key%TYPE; BEGIN SELECT key INTO k FROM cardgen.series_key; END'",
		'SELECT stavalues1 FROM pg_statistic')
	  foreach @roles;
	is(run_as($_, "SELECT count(*) FROM pg_stats WHERE tablename = 'series_key'"), '0', "$_ sees no statistics of keys")
	  foreach @roles;
}

sub test_other_ways
{
	refused('cardgen_dba', '42501', 'a DBA can not become more than that',
		'SET ROLE postgres',
		'SET SESSION AUTHORIZATION postgres',
		'GRANT EXECUTE ON FUNCTION cardgen.configuration_changed TO cardgen_dba',
		"COPY (SELECT cardgen.download_batch(1)) TO '/tmp/numbers'",
		'ALTER ROLE cardgen_backend SUPERUSER',
		"LOAD '/tmp/cardgen.so'",
		"CREATE FUNCTION public.keys() RETURNS trigger AS 'cardgen', 'configuration_changed' LANGUAGE c");
	run_as('postgres', 'CREATE TABLE public.mine (a int); ALTER TABLE public.mine OWNER TO cardgen_dba');
	refused('cardgen_dba', '42501', 'a DBA can not make its own table look like configuration',
		'CREATE TRIGGER t AFTER INSERT ON public.mine FOR EACH ROW EXECUTE FUNCTION cardgen.configuration_changed()');
}

# Everything of the caller's own that runs in one statement with the functions
# runs as the caller, between rows and after errors.
sub test_caller
{
	run_as('postgres', <<'SQL');
CREATE ROLE mallory LOGIN IN ROLE cardgen_dba;
CREATE SCHEMA evil AUTHORIZATION mallory;
SQL
	run_as('mallory', <<'SQL');
SET search_path = evil;
CREATE TABLE seen (place text, who name, path text, key_state text);

CREATE FUNCTION spy(place text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	key_state text := 'read';
BEGIN
	BEGIN
		PERFORM key FROM cardgen.series_key;
	EXCEPTION WHEN OTHERS THEN
		key_state := SQLSTATE;
	END;
	INSERT INTO evil.seen VALUES (place, current_user, current_setting('search_path'), key_state);
	RETURN true;
END $$;

CREATE FUNCTION spy_in_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM evil.spy(TG_ARGV[0]); RETURN NEW; END';
CREATE TABLE bag (number text);
CREATE TRIGGER spy BEFORE INSERT ON bag FOR EACH ROW EXECUTE FUNCTION spy_in_trigger('trigger');
CREATE TABLE later (number text);
CREATE CONSTRAINT TRIGGER spy AFTER INSERT ON later DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION spy_in_trigger('deferred trigger');
CREATE FUNCTION put_later(value text) RETURNS text LANGUAGE plpgsql AS
	'BEGIN INSERT INTO evil.later VALUES (value); RETURN value; END';
CREATE DOMAIN watched AS text CHECK (evil.spy('domain'));
CREATE TYPE wrapped AS (number text);
CREATE FUNCTION wrap(text) RETURNS wrapped LANGUAGE plpgsql AS
	'BEGIN PERFORM evil.spy(''cast''); RETURN ROW($1)::evil.wrapped; END';
CREATE CAST (text AS wrapped) WITH FUNCTION wrap(text) AS IMPLICIT;
SQL
	my $script = <<'SQL';
SET search_path = evil;
SELECT cardgen.download_batch(1), spy('beside download_batch');
SELECT cardgen.generate_cards('CLUB', 5), spy('beside generate_cards');
SELECT number FROM cardgen.generate_cards('CLUB', 5) WHERE spy('where');
SELECT cardgen.generate_cards(put_later('CLUB'), 5);
INSERT INTO bag SELECT cardgen.download_batch(1);
INSERT INTO bag SELECT number FROM cardgen.generate_cards('CLUB', 5);
SELECT cardgen.download_batch(1)::watched;
SELECT cardgen.download_batch(1)::wrapped;
COPY (SELECT cardgen.download_batch(1), spy('copy')) TO STDOUT;
CALL cardgen.generate_order(put_later('CLUB'), CASE WHEN spy('argument') THEN 200 END);
BEGIN;
DECLARE c CURSOR FOR SELECT cardgen.download_batch(1);
FETCH 3 FROM c;
SELECT spy('while a cursor is open');
FETCH 3 FROM c;
CLOSE c;
SELECT spy('after a cursor');
DECLARE c CURSOR FOR SELECT cardgen.generate_cards('CLUB', 5);
FETCH 1 FROM c;
SELECT spy('while a cursor generates');
FETCH 1 FROM c;
COMMIT;
DO $$
DECLARE
	statement text;
BEGIN
	FOREACH statement IN ARRAY ARRAY[
		'SELECT cardgen.download_batch(0)',
		'SELECT cardgen.generate_cards(''NONE'', 1)',
		'SELECT cardgen.generate_cards(''CLUB'', 100001)',
		'SELECT cardgen.generate_cards(''CLUB'', 1, ''ISSUED'')',
		'SELECT cardgen.generate_batch(''NONE'', 1)',
		'SELECT cardgen.verify_batch(0)',
		'SELECT 1 / (length(cardgen.download_batch(1)) - 16)',
		'SELECT 1 / (length((cardgen.generate_cards(''CLUB'', 5)).number) - 9)']
	LOOP
		BEGIN
			EXECUTE statement;
			RAISE 'no error: %', statement;
		EXCEPTION WHEN undefined_object OR invalid_parameter_value OR program_limit_exceeded OR division_by_zero THEN
			PERFORM evil.spy('after an error');
		END;
		PERFORM evil.spy('later');
	END LOOP;
END $$;
SAVEPOINT none;
SELECT spy('in the end');
SQL
	$server->psql($database, $script, on_error_stop => 0, extra_params => [ '-U', 'mallory' ]);
	is( run_as('postgres', <<'SQL'), '', 'what the caller brings along runs as the caller, with its path');
SELECT DISTINCT place, who, path, key_state FROM evil.seen WHERE (who, path, key_state) <> ('mallory', 'evil', '42501')
SQL
	is( run_as('postgres', 'SELECT DISTINCT place FROM evil.seen ORDER BY 1'), <<'SEEN' =~ s/\n\z//r, 'and all of it has run');
after a cursor
after an error
argument
beside download_batch
beside generate_cards
cast
copy
deferred trigger
domain
in the end
later
trigger
where
while a cursor generates
while a cursor is open
SEEN
}

# A schema ahead of PostgreSQL's own that has a function, an operator or a type
# of every name that the functions could use.
sub test_shadows
{
	run_as('postgres', 'CREATE SCHEMA shadow AUTHORIZATION mallory');
	run_as('mallory', <<'SQL');
DO $$
DECLARE
	known oid[] := ARRAY['text', 'int4', 'int8', 'bool', 'timestamptz', 'date', 'interval', 'uuid', 'bytea', 'name',
						 'regclass', 'oid', 'numeric', 'float8', 'anyenum', 'cardgen.card_status']::regtype[];
	shadowed record;
	place int := 0;
BEGIN
	FOR shadowed IN
		SELECT DISTINCT proname, oidvectortypes(proargtypes) AS arguments, prorettype::regtype AS result FROM pg_proc
		JOIN pg_type result ON result.oid = prorettype
		WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind = 'f' AND NOT proretset
			AND known @> proargtypes::oid[] AND (typtype <> 'p' OR typname = 'void')
	LOOP
		EXECUTE format('CREATE FUNCTION shadow.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', shadowed.proname,
					   shadowed.arguments, shadowed.result,
					   format('BEGIN RAISE USING MESSAGE = %L; END', 'shadow of ' || shadowed.proname));
	END LOOP;
	FOR shadowed IN
		SELECT oprname, oprleft::regtype AS left_type, oprright::regtype AS right_type, oprresult::regtype AS result
		FROM pg_operator WHERE known @> ARRAY[oprleft, oprright] AND oprkind = 'b'
		UNION ALL SELECT '=', 'cardgen.card_status', 'cardgen.card_status', 'boolean'
	LOOP
		place := place + 1;
		EXECUTE format('CREATE FUNCTION shadow.operator_%s(%s, %s) RETURNS %s LANGUAGE plpgsql AS %L', place,
					   shadowed.left_type, shadowed.right_type, shadowed.result,
					   format('BEGIN RAISE USING MESSAGE = %L; END', 'shadow of ' || shadowed.oprname));
		EXECUTE format('CREATE OPERATOR shadow.%s (FUNCTION = shadow.operator_%s, LEFTARG = %s, RIGHTARG = %s)',
					   shadowed.oprname, place, shadowed.left_type, shadowed.right_type);
	END LOOP;
END $$;
CREATE DOMAIN shadow.text AS pg_catalog.text CHECK (false);
CREATE DOMAIN shadow.int4 AS pg_catalog.int4 CHECK (false);
CREATE DOMAIN shadow.int8 AS pg_catalog.int8 CHECK (false);
CREATE DOMAIN shadow.card_status AS pg_catalog.text CHECK (false);
CREATE TABLE shadow.series AS SELECT 1 AS code;
CREATE TABLE shadow.series_key AS SELECT 1 AS key;
CREATE TABLE shadow.batch AS SELECT 1 AS batch_id;
CREATE TABLE shadow.generated_card AS SELECT 1 AS batch_id;
CREATE TABLE shadow.card AS SELECT 1 AS number;
SQL
	my ($status, $output, $errors) = $server->psql(
		$database, <<'SQL', on_error_stop => 0, extra_params => [ '-U', 'mallory' ]);
CREATE TEMP TABLE batch (batch_id int);
CREATE TEMP TABLE series (code int);
CREATE TEMP TABLE text (a int);
SET search_path = shadow, pg_temp, pg_catalog;
\echo shadowed :LAST_ERROR_MESSAGE
SELECT 1 + 1;
\echo shadowed :LAST_ERROR_MESSAGE
SELECT code FROM cardgen.create_series('DARK', 'Dark card', 8, 'D', method => 'sequential', batch_retention => '1 microsecond');
SELECT code FROM cardgen.alter_series('DARK', max_active_cards => 3, batch_retention => '1 day');
SELECT cardgen.create_status_label('Dark', 'not_issued', true);
SELECT cardgen.set_default_label('Dark');
SELECT card_count FROM cardgen.generate_batch('DARK', 3, request_id => '11111111-1111-4111-8111-111111111111');
SELECT card_count FROM cardgen.generate_batch('DARK', 3, request_id => '11111111-1111-4111-8111-111111111111');
SELECT number FROM cardgen.generate_cards('DARK', 3);
SELECT cardgen.generate_cards('DARK', 1);
SELECT cardgen.download_batch(1) LIMIT 1;
COPY (SELECT cardgen.download_batch(2)) TO STDOUT;
SELECT missing FROM cardgen.verify_batch(2);
SELECT cardgen.set_batch_label(2, 'Dark');
SELECT cardgen.retain_batch(2, 'infinity');
SELECT status FROM cardgen.find_card('D00000001');
SELECT cardgen.classify_number('D00000009');
SELECT status FROM cardgen.issue_card('D00000001', 'eve');
SELECT status FROM cardgen.issue_new_card('DARK', 'eve');
SELECT status FROM cardgen.set_card_status('D00000001', 'ACTIVE', 'why');
SELECT cardgen.expire_cards();
SELECT cardgen.skip_numbers('DARK', 2);
CALL cardgen.generate_order('DARK', 3, request_id => '22222222-1111-4111-8111-111111111111');
SELECT part FROM cardgen.order_batches('22222222-1111-4111-8111-111111111111');
SELECT batches_removed FROM cardgen.remove_expired_batches();
SELECT cardgen.remove_batch(2);
SELECT code FROM cardgen.series_usage;
SELECT label FROM cardgen.status_labels;
SELECT batch_id FROM cardgen.generated_batches;
SELECT number FROM cardgen.card_details;
\echo state :LAST_ERROR_MESSAGE
SQL
	like($output, qr/^shadowed shadow of \+$/m, 'the schema is in the way');
	my @errors = $errors =~ /ERROR:  (.*)/g;
	is(join("\n", @errors), 'shadow of +', 'no function or view meets it');
	my ($made) = run_as('postgres', "SELECT count(*) FROM pg_proc WHERE pronamespace = 'shadow'::regnamespace");
	cmp_ok($made, '>', 500, 'it is large');
	run_as('postgres', 'DROP SCHEMA shadow CASCADE');
}

# Who logged in is recorded, whatever the name, and not the role that was set.
sub test_names
{
	my @names = (
		q{O'Reilly}, q{ro"le}, q{$$}, q{$1}, q{%s%n}, q{back\\slash}, q{a; DROP SCHEMA cardgen CASCADE; --}, q{ },
		"\xc3\x9cn\xc3\xafc\xc3\xb8d\xc3\xa9 \xe2\x98\x83", q{session_user}, 'x' x 63);

	my $place = 0;

	foreach my $name (@names)
	{
		my $quoted = '"' . $name =~ s/"/""/gr . '"';
		my $code = 'NAME' . chr(ord('A') + $place++);

		run_as('postgres', "CREATE ROLE $quoted LOGIN IN ROLE cardgen_dba");
		run_as($name, <<"SQL");
SELECT cardgen.create_series('$code', 'By name', 8, '$code', method => 'sequential', max_active_cards => 9);
SELECT cardgen.generate_batch('$code', 2);
SET ROLE cardgen_dba;
SELECT cardgen.generate_cards('$code', 1);
SELECT cardgen.issue_card('${code}00000000', 'ann');
SELECT cardgen.set_card_status('${code}00000000', 'ACTIVE');
SELECT cardgen.issue_new_card('$code', 'ann');
CALL cardgen.generate_order('$code', 1);
SQL
		my $recorded = run_as('postgres', <<"SQL");
SELECT string_agg(DISTINCT who, '|') || ' ' || count(*) FROM (
	SELECT created_by FROM cardgen.series WHERE code = '$code'
	UNION ALL SELECT generated_by FROM cardgen.batch WHERE series_code = '$code'
	UNION ALL SELECT changed_by FROM cardgen.card_status_log WHERE number LIKE '$code%') r(who)
SQL
		is($recorded, "$name 7", "\"$name\" is recorded");
	}
}

sub test_logs
{
	my $auto_explain = grep({ $_ eq 'auto_explain' } @preloaded) ? <<'SQL' : '';
ALTER ROLE cardgen_dba SET auto_explain.log_min_duration = 0;
ALTER ROLE cardgen_dba SET auto_explain.log_analyze = on;
ALTER ROLE cardgen_dba SET auto_explain.log_verbose = on;
ALTER ROLE cardgen_dba SET auto_explain.log_nested_statements = on;
ALTER ROLE cardgen_dba SET auto_explain.log_triggers = on;
SQL
	run_as('postgres', <<"SQL");
ALTER ROLE cardgen_dba SET log_statement = 'all';
ALTER ROLE cardgen_dba SET log_min_messages = debug5;
ALTER ROLE cardgen_dba SET client_min_messages = debug5;
ALTER ROLE cardgen_dba SET log_min_error_statement = debug5;
ALTER ROLE cardgen_dba SET log_error_verbosity = verbose;
ALTER ROLE cardgen_dba SET log_duration = on;
ALTER ROLE cardgen_dba SET log_parameter_max_length = -1;
ALTER ROLE cardgen_dba SET log_parameter_max_length_on_error = -1;
ALTER ROLE cardgen_dba SET debug_print_parse = on;
ALTER ROLE cardgen_dba SET debug_print_rewritten = on;
ALTER ROLE cardgen_dba SET debug_print_plan = on;
$auto_explain
ALTER ROLE postgres SET log_statement = 'all';
SQL
	run_as('postgres', 'CREATE EXTENSION pg_stat_statements') if grep { $_ eq 'pg_stat_statements' } @preloaded;

	my $calls = <<'SQL';
SELECT * FROM cardgen.create_series('SECRET', 'Secret card', 12, '8000', check_digit => 'luhn');
SELECT * FROM cardgen.create_series('SECRET', 'Secret card', 12, '8000');
SELECT * FROM cardgen.create_series('SECRET2', 'Secret card', 12, '8000');
SELECT * FROM cardgen.alter_series('SECRET', 'Top secret');
SELECT * FROM cardgen.generate_batch('SECRET', 5);
SELECT batch_id, number FROM cardgen.generate_cards('SECRET', 1) \gset
SELECT cardgen.download_batch(:batch_id);
SELECT * FROM cardgen.verify_batch(:batch_id);
SELECT * FROM cardgen.find_card(:'number');
SELECT cardgen.classify_number(:'number');
SELECT * FROM cardgen.issue_card(:'number', 'ann');
SELECT * FROM cardgen.issue_card(:'number', 'ann');
SELECT * FROM cardgen.issue_new_card('SECRET', 'bob');
SELECT cardgen.generate_batch('SECRET', 2000000000);
CALL cardgen.generate_order('SECRET', 5);
EXPLAIN (ANALYZE, VERBOSE, BUFFERS, SETTINGS, WAL) SELECT cardgen.generate_cards('SECRET', 3), cardgen.download_batch(1);
EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM cardgen.find_card(:'number');
SELECT cardgen.remove_batch(:batch_id);
SELECT cardgen.drop_series('SECRET');
SELECT * FROM cardgen.create_series('SHORT', 'Short life', 12, '7000');
SELECT cardgen.drop_series('SHORT');
SELECT query FROM pg_stat_activity;
SELECT name, ident FROM pg_backend_memory_contexts;
SELECT key FROM cardgen.series_key;
SQL
	my ($status, $output, $errors) =
	  $server->psql($database, $calls, on_error_stop => 0, extra_params => [ '-U', 'cardgen_dba' ]);

	my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';
	command_ok([ 'pg_dump', '-d', $server->connstr($database), '-f', $dump ], 'a superuser can dump the database');
	command_fails_like([ 'pg_dump', '-U', 'cardgen_dba', '-d', $server->connstr($database), '-f', "$dump.dba" ],
		qr/permission denied/, 'a DBA can not dump the keys');

	my $statements = grep({ $_ eq 'pg_stat_statements' } @preloaded) ? run_as('postgres', 'SELECT query FROM pg_stat_statements') : '';
	my $log = slurp_file($server->logfile);
	my @keys = split /\n/, run_as('postgres', "SELECT encode(key, 'hex') FROM cardgen.series_key WHERE series_code IN ('SECRET', 'GOLD')");
	my $any = join '|', map { spellings($_) } @keys;
	$any = qr/$any/i;

	is(scalar @keys, 2, 'there are two keys');
	ok("...$_..." =~ $any, 'a key would be noticed')
	  foreach (
		$keys[0], uc $keys[1], pack('H*', $keys[0]), slurp_file($dump),
		run_as('postgres', "SELECT encode(key, 'base64') FROM cardgen.series_key WHERE series_code = 'SECRET'"),
		run_as('postgres', "SET bytea_output = escape; SELECT key FROM cardgen.series_key WHERE series_code = 'SECRET'"));
	has_no_key($log, $any, 'the log of the server');
	has_no_key("$output$errors", $any, 'what a client is sent');
	has_no_key($statements, $any, 'pg_stat_statements');

	like($errors, qr/DEBUG:/, 'the client is sent all messages');
	like($log, qr/LOG:  (?:00000: )?plan:/, 'the log has plans');
	like($log, qr/\Q$_\E/, "the log has \"$_\"")
	  foreach ('DEBUG:', 'COPY cardgen.series_key', ('INSERT INTO cardgen.series_key') x ($auto_explain ne ''));
	run_as('postgres', 'ALTER ROLE cardgen_dba RESET ALL; ALTER ROLE postgres RESET ALL');
}

sub test_settings
{
	my %bad_values = (
		'cardgen.max_cards_per_call' => [ '0', '-1', '2147483648', 'many', '', '1.5MB', 'NaN' ],
		'cardgen.batch_retention' => [ '', '0', '-1 day', 'never', '30 parsecs', '1 mon -30 days', '99999999999 years', '-infinity' ],
		'cardgen.max_active_cards_per_customer' => [ '-1', '2147483648', 'none', '' ],
		'cardgen.count_only_active' => [ 'maybe', '2', '', 'active' ]);
	my %good_values = (
		'cardgen.max_cards_per_call' => '7',
		'cardgen.batch_retention' => '7 days',
		'cardgen.max_active_cards_per_customer' => '7',
		'cardgen.count_only_active' => 'on');
	my %defaults = map { split /\|/ } split /\n/,
	  run_as('postgres', "LOAD 'cardgen'; SELECT name, boot_val FROM pg_settings WHERE name LIKE 'cardgen.%' AND context = 'superuser'");
	my $show = 'SELECT ' . join(" || ' ' || ", map { "current_setting('$_')" } sort keys %defaults);
	my $load = "SELECT cardgen.classify_number('0') = 'malformed'";
	my $unchanged = join ' ', map { $defaults{$_} } sort keys %defaults;
	my $changed = join ' ', map { $good_values{$_} } sort keys %good_values;

	is(join(' ', sort keys %defaults), join(' ', sort keys %bad_values), 'these are the settings');
	is( run_as('postgres',
			"LOAD 'cardgen'; SELECT context, count(*) FROM pg_settings WHERE name LIKE 'cardgen.%' GROUP BY 1 ORDER BY 1"),
		"sighup|2\nsuperuser|4", 'a superuser sets them, or the configuration of the server');
	test_key_commands($load);

	foreach my $name (sort keys %bad_values)
	{
		my $good = $good_values{$name};

		foreach my $command ('SET', "ALTER DATABASE $database SET", 'ALTER ROLE cardgen_backend SET')
		{
			refused('postgres', '22023', "$command takes no bad value for $name",
				map { "$load; $command $name = '$_'" } @{ $bad_values{$name} });
		}
		foreach my $role (@roles)
		{
			my @ways = (
				"SET $name = '$good'", "SET LOCAL $name = '$good'", "SELECT set_config('$name', '$good', false)",
				"UPDATE pg_settings SET setting = '$good' WHERE name = '$name'", "RESET $name");
			my @lasting = (
				"ALTER ROLE $role SET $name = '$good'", "ALTER ROLE ALL SET $name = '$good'",
				"ALTER DATABASE $database SET $name = '$good'", "ALTER SYSTEM SET $name = '$good'",
				"CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql SET $name = '$good' RETURN 1");

			refused($role, '42501', "$role can't set $name for later", @lasting);
			next unless $role =~ /backend|dba/;
			refused($role, '42501', "$role can't set $name once the library is loaded", map { "$load; $_" } @ways, @lasting);
		}
	}

	# Before the library is loaded any name with a point in it can be set.
	my $set_all = join '', map { "SET $_ = '$good_values{$_}';\n" } sort keys %good_values;
	my $options = join ' ', map { "-c $_=" . $good_values{$_} =~ s/ /\\ /gr } sort keys %good_values;
	foreach my $role (qw(cardgen_backend cardgen_dba))
	{
		my ($status, $output, $errors) =
		  $server->psql($database, "$set_all$show;\n$load;\n$show", extra_params => [ '-U', $role ]);
		is($output, "$changed\nt\n$unchanged", "$role: what was set before the library is loaded is dropped then");
		like($errors, qr/WARNING:  permission denied to set parameter "cardgen\.max_cards_per_call"/, "$role is told so");

		local $ENV{PGOPTIONS} = $options;
		is(run_as($role, "$load; $show"), "t\n$unchanged", "$role: nor do options of the connection count");
	}
	{
		local $ENV{PGOPTIONS} = $options;
		is(run_as('postgres', "$load; $show"), "t\n$changed", 'those of a superuser do');
	}

	# The owner of a database is no superuser.
	run_as('postgres', "CREATE ROLE owner LOGIN IN ROLE cardgen_dba; ALTER DATABASE $database OWNER TO owner");
	foreach my $name (sort keys %good_values)
	{
		refused('owner', '42501', "the owner of the database can't set $name",
			"ALTER DATABASE $database SET $name = '$good_values{$name}'",
			"$load; ALTER DATABASE $database SET $name = '$good_values{$name}'");
	}
	run_as('postgres', "ALTER DATABASE $database OWNER TO postgres");

	my ($readme) = slurp_file("$FindBin::RealBin/../../README.md") =~
	  /^```sql\n((?:LOAD 'cardgen';\n)?ALTER DATABASE $database SET cardgen.*?)^```$/ms;
	run_as('postgres', $readme);
	my ($name, $value) = $readme =~ /SET (cardgen\.\w+) = '?(.*?)'?;/;
	is(run_as('cardgen_backend', "$load; SHOW $name"), "t\n$value", 'ALTER DATABASE as in README has an effect for all');

	run_as('postgres', 'GRANT SET ON PARAMETER cardgen.count_only_active TO cardgen_backend');
	is(run_as('cardgen_backend', "$load; SET cardgen.count_only_active = on; SHOW cardgen.count_only_active"),
		"t\non", 'a setting can be granted');
}

# What anyone but its owner may do with an object of the extension.
sub privileges_in
{
	my ($in) = @_;

	return run_as('postgres', <<'SQL', $in);
SELECT object, coalesce(rolname, 'everyone'), string_agg(privilege_type || CASE WHEN is_grantable THEN '*' ELSE '' END, ' ' ORDER BY privilege_type)
FROM (
	SELECT 'schema' AS object, nspowner, coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace WHERE nspname = 'cardgen'
	UNION ALL
	SELECT relname, relowner, coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))
	FROM pg_class WHERE relnamespace = 'cardgen'::regnamespace AND relkind IN ('r', 'v', 'S')
	UNION ALL
	SELECT proname, proowner, coalesce(proacl, acldefault('f', proowner)) FROM pg_proc WHERE pronamespace = 'cardgen'::regnamespace
	UNION ALL
	SELECT typname, typowner, coalesce(typacl, acldefault('T', typowner)) FROM pg_type
	WHERE typnamespace = 'cardgen'::regnamespace AND typtype = 'e') AS member (object, owner, acl),
	aclexplode(acl) LEFT JOIN pg_roles r ON r.oid = grantee
WHERE grantee <> owner GROUP BY 1, 2 ORDER BY object COLLATE "C", 2
SQL
}

# Whatever a database gives away of what is made in it.
sub test_defaults
{
	my $file = PostgreSQL::Test::Utils::tempdir() . '/granted';
	my $of_types = join "\n", map { "$_|everyone|USAGE" } qw(card_status card_type check_digit_method number_method);

	run_as('postgres', "CREATE DATABASE $_", 'postgres') foreach qw(generous restored);
	foreach my $in (qw(generous restored))
	{
		run_as('postgres', qq{
				ALTER DEFAULT PRIVILEGES GRANT ALL ON $_ TO PUBLIC;
				ALTER DEFAULT PRIVILEGES GRANT ALL ON $_ TO guest, " " WITH GRANT OPTION}, $in)
		  foreach qw(TABLES SEQUENCES ROUTINES TYPES SCHEMAS);
		run_as('postgres', 'ALTER DEFAULT PRIVILEGES REVOKE ALL ON TYPES FROM PUBLIC', $in);
	}

	run_as('postgres', 'CREATE EXTENSION cardgen', 'generous');
	is(privileges_in('generous'), $of_types, 'default privileges open nothing');

	command_ok([ 'pg_dump', '-d', $server->connstr($database), '-f', $file ], 'a database with grants is dumped');
	run_as('postgres', "\\i $file", 'restored');
	is(privileges_in('restored'), privileges_in($database), 'and restored it has these grants and no others');

	chomp(my $directory = `pg_config --sharedir`);
	my $script = "$directory/extension/cardgen--1.0--privileges.sql";
SKIP:
	{
		skip 'the installation is not to be written to', 1 unless -w "$directory/extension";
		my ($ending) = slurp_file("$FindBin::RealBin/../../sql/cardgen--1.0.sql") =~ /^(DO \$\$.*^END \$\$;)$/ms;

		append_to_file($script, "CREATE TABLE cardgen.added (a int);\nCREATE FUNCTION cardgen.add() RETURNS int LANGUAGE sql RETURN 1;\n$ending");
		run_as('postgres', q{GRANT SELECT ON cardgen.series TO guest; ALTER EXTENSION cardgen UPDATE TO 'privileges'}, 'generous');
		unlink $script;
		is(privileges_in('generous'), "$of_types\nseries|guest|SELECT",
			'an upgrade opens nothing either, and what was granted remains');
	}
}

# They are run by the operating system's user, so no session may set them.
sub test_key_commands
{
	my ($load) = @_;
	my $witness = PostgreSQL::Test::Utils::tempdir() . '/witness';

	foreach my $name (qw(cardgen.key_command cardgen.former_key_command))
	{
		my @lasting = ("ALTER DATABASE $database SET $name = 'touch $witness'", "ALTER ROLE postgres SET $name = 'touch $witness'");

		refused('postgres', '55P02', "a superuser can't set $name for a session",
			map { "$load; $_" } "SET $name = 'touch $witness'", "SET LOCAL $name = 'touch $witness'",
			"SELECT set_config('$name', 'touch $witness', false)", @lasting);
		foreach my $role (qw(cardgen_backend cardgen_dba))
		{
			refused($role, '42501', "$role can't set $name for the server", "$load; ALTER SYSTEM SET $name = 'touch $witness'");
			refused($role, '42501', "$role can't see $name", "$load; SHOW $name", "$load; SELECT current_setting('$name')");
		}

		# Before the library is loaded it is a name like any other.
		run_as('postgres', $_) foreach @lasting;
		my ($status, $output, $errors) = $server->psql($database, "SET $name = 'touch $witness'; $load; SHOW $name",
			extra_params => [ '-U', 'postgres' ]);
		is($output, "t\n", "$name is dropped when the library is loaded");
		like($errors, qr/WARNING:  parameter "\Q$name\E" cannot be changed now/, "a superuser is told so");
		run_as('postgres', "ALTER DATABASE $database RESET $name; ALTER ROLE postgres RESET $name");
		{
			local $ENV{PGOPTIONS} = "-c $name=touch\\ $witness";
			is(run_as($_, "$load; SELECT count(number) FROM cardgen.find_card('4000123456782010')"), "t\n0",
				"$name is no option of a connection of $_") foreach qw(postgres cardgen_backend);
		}
	}
	run_as('postgres', "$load; SELECT cardgen.create_series('NEW', 'New', 12, 'NEW')");
	ok(!-e $witness, 'no command was run');
}
