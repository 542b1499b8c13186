# Logical replication to a second server that has the extension: it knows every
# card, its sessions follow the publisher's configuration, and it can take over.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CardgenTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $publisher = new_server('publisher', allows_streaming => 'logical');
my $subscriber = new_server('subscriber');
$_->start foreach ($publisher, $subscriber);

at($publisher, q{
	CREATE EXTENSION cardgen;
	SELECT cardgen.create_series('GOLD', 'Gold card', 12, prefix => '9000', check_digit => 'luhn');
	SELECT cardgen.create_status_label('Printed', 'not_issued', true);
	SELECT cardgen.generate_batch('GOLD', 1000)});
my @gold = generated(1);
at($publisher, "SELECT cardgen.issue_card('$gold[0]', 'ann')");

# As README has it, and the lists too: without a key, their rows can only arrive.
at($publisher, q{
	CREATE PUBLICATION cardgen FOR TABLE cardgen.series, cardgen.series_key, cardgen.series_counter,
		cardgen.free_range, cardgen.reserved_range, cardgen.status_label, cardgen.batch, cardgen.card;
	CREATE PUBLICATION cardgen_log FOR TABLE cardgen.card_status_log WITH (publish = 'insert');
	CREATE PUBLICATION cardgen_lists FOR TABLE cardgen.generated_card WITH (publish = 'insert')});
at($subscriber, 'CREATE EXTENSION cardgen');
my $session = $subscriber->background_psql('postgres');
is(in_session("SELECT cardgen.classify_number('$gold[0]')"), 'malformed', 'a session of the subscriber knows no series');

at($subscriber, 'DELETE FROM cardgen.status_label');
at($subscriber, 'CREATE SUBSCRIPTION cardgen CONNECTION $$' . $publisher->connstr('postgres')
	  . '$$ PUBLICATION cardgen, cardgen_log, cardgen_lists');
$subscriber->wait_for_subscription_sync($publisher, 'cardgen');
is(in_session("SELECT cardgen.classify_number('$gold[0]')"), 'issued', 'then it knows an issued card');
is(in_session("SELECT cardgen.classify_number('$gold[1]')"), 'not_issued', 'and one that was not issued');
same_everywhere('tables that are copied');

# Rows that went straight to the heap, and those that an INSERT made.
at($publisher, q{SELECT cardgen.generate_batch('GOLD', 20000)});
my @direct = generated(2);
at($publisher, q{
	CREATE TABLE inserted (card_count bigint);
	CREATE FUNCTION count_inserted() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN INSERT INTO public.inserted SELECT count(*) FROM new_cards; RETURN NULL; END';
	CREATE TRIGGER count_inserted AFTER INSERT ON cardgen.generated_card
		REFERENCING NEW TABLE AS new_cards FOR EACH STATEMENT EXECUTE FUNCTION count_inserted();
	SELECT count(*) FROM cardgen.generate_cards('GOLD', 3000, request_id => 'a0000000-0000-0000-0000-000000000001');
	DROP TRIGGER count_inserted ON cardgen.generated_card});
my @inserted = generated(3);
is(at($publisher, 'SELECT card_count FROM inserted'), '3000', 'a batch was inserted by a statement');
at($publisher, q{
	SET cardgen.max_cards_per_call = 400;
	CALL cardgen.generate_order('GOLD', 1000, 'NOT_ISSUED', 'a0000000-0000-0000-0000-000000000002')});
my ($digital) = at($publisher, q{SELECT number FROM cardgen.issue_new_card('GOLD', 'kim')});
at($publisher, "SELECT cardgen.set_card_status('$gold[0]', 'ACTIVE', 'called')");
at($publisher, "SELECT cardgen.set_card_status('$direct[7]', 'NOT_ISSUED'), cardgen.set_batch_label(3, 'NOT_ISSUED')");
same_everywhere('batches of both ways, an order, cards');
is(at($subscriber, q{
		SELECT count(*), sum(v.stored) FROM cardgen.batch b, LATERAL cardgen.verify_batch(b.batch_id) v
		WHERE (v.stored, v.missing, v.unexpected) = (b.card_count, 0, 0)}), '6|25000', 'every list is whole');
same_answer("SELECT * FROM cardgen.order_batches('a0000000-0000-0000-0000-000000000002')");
same_answer("SELECT cardgen.download_batch($_)") foreach 1 .. 6;
foreach my $number (@gold[0 .. 1], @direct[7, 19999], $inserted[0], $digital)
{
	same_answer("SELECT * FROM cardgen.find_card('$number')");
}
same_answer("SELECT * FROM cardgen.$_ v ORDER BY v::text")
  foreach qw(series_usage status_labels generated_batches card_details);

# A session that has known everything since the beginning.
my $issue = "BEGIN; SELECT status_label, expires_on - issued_on::date FROM cardgen.issue_card('$gold[5]', 'tim'); ROLLBACK";
is(in_session($issue), 'ISSUED|', 'the session issues with the label there is');
at($publisher, q{SELECT cardgen.create_status_label('Handed out', 'issued', true)});
in_sync();
is(in_session($issue), 'Handed out|', 'then with a new one');
at($publisher, q{SELECT cardgen.alter_series('GOLD', card_expiry_days => 10)});
in_sync();
is(in_session($issue), 'Handed out|10', 'then by the changed rules of the series');
at($publisher, q{
	SELECT cardgen.create_series('CLUB', 'Club card', 8, prefix => 'CLUB');
	SELECT cardgen.generate_batch('CLUB', 10)});
my @club = generated(7);
in_sync();
is(in_session("SELECT cardgen.classify_number('$club[9]')"), 'not_issued', 'and it knows a new series');

# Batches go, their lists stay until they are deleted there.
at($publisher, q{
	SELECT cardgen.remove_batch(2);
	UPDATE cardgen.batch SET expires_on = now(), issuable_until = now() WHERE batch_id = 1;
	SELECT * FROM cardgen.remove_expired_batches()});
in_sync();
is(in_session(qq{
		SELECT cardgen.classify_number('$gold[0]'), cardgen.classify_number('$gold[1]'), cardgen.classify_number('$direct[7]')}),
	'active|batch_removed|batch_removed', 'removed batches are removed, issued cards stay');
is(at($subscriber, 'SELECT count(*) FROM cardgen.generated_card WHERE batch_id < 3'), '21000', 'lists stay');
at($subscriber, q{
	DELETE FROM cardgen.generated_card g
	WHERE NOT EXISTS (SELECT FROM cardgen.batch b WHERE b.batch_id = g.batch_id)});
same_everywhere('without the lists of removed batches');

# A publication with deletes stops removal, unless the whole row is its identity.
at($publisher, 'CREATE PUBLICATION deletes FOR TABLE cardgen.generated_card');
at($subscriber, 'ALTER SUBSCRIPTION cardgen ADD PUBLICATION deletes WITH (copy_data = false)');
my $before = contents($publisher);
fails_with($publisher, 'postgres', 'SELECT cardgen.remove_batch(7)', '55000', 'a list without an identity stays');
is(contents($publisher), $before, 'and so does its batch');
at($publisher, q{
	ALTER TABLE cardgen.generated_card REPLICA IDENTITY FULL;
	SELECT cardgen.remove_batch(7);
	ALTER TABLE cardgen.generated_card REPLICA IDENTITY DEFAULT});
in_sync();
is(at($subscriber, 'SELECT count(*) FROM cardgen.generated_card WHERE batch_id = 7'), '0', 'with one, it goes here and there');
at($subscriber, 'ALTER SUBSCRIPTION cardgen DROP PUBLICATION deletes');
at($publisher, 'DROP PUBLICATION deletes');
same_everywhere('after all of it');

# The publisher is lost, and with it what has not arrived.
at($subscriber, 'ALTER SUBSCRIPTION cardgen DISABLE');
$subscriber->poll_query_until('postgres', q{
	SELECT count(*) = 0 FROM pg_stat_subscription WHERE subname = 'cardgen' AND pid IS NOT NULL});
at($publisher, q{SELECT cardgen.generate_batch('GOLD', 500), cardgen.generate_batch('CLUB', 5)});
my @lost = split /\n/, at($publisher, 'SELECT batch_id FROM cardgen.batch ORDER BY batch_id DESC LIMIT 2');
my %used = map { $_ => 1 } @gold, @direct, @inserted, @club, $digital, map { generated($_) } 4, 5, 6, 8, 9;
$publisher->stop('immediate');
at($subscriber, q{
	ALTER SUBSCRIPTION cardgen SET (slot_name = NONE);
	DROP SUBSCRIPTION cardgen;
	SELECT setval('cardgen.batch_id_seq', max(last_batch_id) + 1000) FROM cardgen.series_counter;
	SELECT setval('cardgen.change_id_seq', max(change_id) + 1000000) FROM cardgen.card_status_log});
is(used(again('ROLLBACK')), 501, 'numbers that did not arrive would be used again');
at($subscriber, 'SELECT cardgen.skip_numbers(code, least(remaining, 1000)) FROM cardgen.series_usage');
is(used(again('COMMIT')), 0, 'skipped, they are not');
is(at($subscriber, "SELECT count(*), min(batch_id) > $lost[0] FROM cardgen.batch WHERE batch_id NOT IN (3, 4, 5, 6)"), '2|t',
	'batch ids go on behind those of batches that did not arrive, or were removed');
is(in_session("SELECT customer_id, status_label, batch_id FROM cardgen.issue_card('$inserted[5]', 'tim')"), 'tim|Handed out|3',
	'the session issues a card that had arrived');
is(at($subscriber, "SELECT max(change_id) = max(change_id) FILTER (WHERE number = '$inserted[5]') FROM cardgen.card_status_log"), 't',
	'and that is the last of the changes');
fails_with($subscriber, 'postgres', "SELECT cardgen.issue_card('$direct[0]', 'kim')", '42704', 'one of a removed batch is not issued');

$session->quit;
done_testing();

sub at
{
	my ($server, $statements) = @_;

	return $server->safe_psql('postgres', $statements);
}

sub in_session
{
	my ($statements) = @_;

	return $session->query_safe($statements);
}

sub generated
{
	my ($batch_id) = @_;

	return split /\n/, numbers_of($publisher, 'postgres', $batch_id);
}

sub in_sync
{
	$publisher->wait_for_catchup('cardgen');
}

# Sequences are not replicated.
sub contents
{
	my ($server) = @_;

	return table_contents($server, 'postgres') =~ s/^cardgen\.\w+_seq\n.*\n//mgr;
}

sub same_everywhere
{
	my ($name) = @_;

	in_sync();
	same_text(contents($subscriber), contents($publisher), $name);
}

sub same_answer
{
	my ($query) = @_;
	my $answer = at($publisher, $query);

	isnt($answer, '', "publisher: $query");
	same_text(at($subscriber, $query), $answer, "subscriber: $query");
}

# What the subscriber generates once it is on its own.
sub again
{
	my ($end) = @_;

	return split /\n/, at($subscriber, qq{
		BEGIN;
		SELECT number FROM cardgen.generate_cards('GOLD', 500);
		SELECT number FROM cardgen.generate_cards('CLUB', 1);
		$end});
}

sub used
{
	return scalar(grep { $used{$_} } @_);
}
