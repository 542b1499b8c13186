# pg_cron removes expired batches, run by a role with no more than the grants of
# README. Its versions before 1.5 know no seconds: it may take a minute.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CardgenTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $missing = missing_library('pg_cron');
plan skip_all => $missing if $missing;

my $server = new_server('main', configuration => q{
shared_preload_libraries = 'pg_cron'
cron.database_name = 'postgres'
cron.use_background_workers = on
});
$server->start;

$server->safe_psql('postgres', 'CREATE EXTENSION cardgen; CREATE EXTENSION pg_cron');
create_roles($server, 'postgres');
$server->safe_psql('postgres', 'GRANT USAGE ON SCHEMA cron TO cardgen_dba');

dba(q{SELECT cardgen.create_series('BRIEF', 'Brief', 12, prefix => '1', batch_retention => '1 microsecond', card_expiry_days => 1)});
dba(q{SELECT cardgen.create_series('USUAL', 'Usual', 12, prefix => '2')});
dba(q{SELECT cardgen.create_status_label('Printed', 'not_issued')});
dba(q{SELECT cardgen.generate_batch('BRIEF', 500)});
dba(q{SELECT cardgen.generate_batch('USUAL', 300)});
dba(q{SELECT cardgen.generate_batch('BRIEF', 200)});
dba(q{SELECT cardgen.retain_batch(3, 'infinity')});

my @removed = split /\n/, numbers_of($server, 'postgres', 1);
dba(qq{SELECT cardgen.issue_card('$removed[0]', 'ann', 'ACTIVE')});
dba(qq{SELECT cardgen.set_card_status('$removed[1]', 'Printed')});
$server->safe_psql('postgres', "UPDATE cardgen.card SET expires_on = current_date - 1 WHERE number = '$removed[0]'");

is(dba('SELECT rolsuper FROM pg_roles WHERE rolname = session_user'), 'f', 'an ordinary role');
fails_with($server, 'postgres', 'SET ROLE cardgen_dba; SELECT * FROM cardgen.series_key', '42501', 'with few rights');

my $version = $server->safe_psql('postgres', q{SELECT extversion FROM pg_extension WHERE extname = 'pg_cron'});
my $schedule = $version =~ /^1\.[0-4]\b/ ? '* * * * *' : '1 second';
dba(qq{SELECT cron.schedule('remove batches', '$schedule', 'SELECT * FROM cardgen.remove_expired_batches()')});
dba(qq{SELECT cron.schedule('expire cards', '$schedule', 'SELECT cardgen.expire_cards()')});

ok($server->poll_query_until('postgres', q{
		SELECT count(DISTINCT jobid) = 2 FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')}),
	"both jobs run ($version, $schedule)");

is($server->safe_psql('postgres', q{
		SELECT DISTINCT jobname, status, d.username FROM cron.job_run_details d JOIN cron.job USING (jobid)
		WHERE status NOT IN ('starting', 'running') ORDER BY 1}),
	"expire cards|succeeded|cardgen_dba\nremove batches|succeeded|cardgen_dba", 'and succeed');

is(dba('SELECT batch_id FROM cardgen.generated_batches ORDER BY 1'), "2\n3", 'the expired batch is gone');
is(dba('SELECT batch_id, count(*) FROM cardgen.generated_card GROUP BY 1 ORDER BY 1'), "2|300\n3|200",
	'and its numbers, and no others');
is(dba("SELECT cardgen.classify_number('$_')"), 'batch_removed', 'number of the batch') foreach @removed[ 1, 2, -1 ];
is(dba("SELECT status, customer_id, batch_id FROM cardgen.find_card('$removed[0]')"), 'expired|ann|1',
	'an issued card is found, and expired');

my @new = split /\n/, dba(q{SELECT number FROM cardgen.generate_cards('BRIEF', 500)});
my %removed = map { $_ => 1 } @removed;
is(scalar(@new), 500, 'the series goes on');
is(scalar(grep { $removed{$_} } @new), 0, 'with new numbers');

done_testing();

sub dba
{
	my ($statement) = @_;

	return $server->safe_psql('postgres', $statement, extra_params => [ '-U', 'cardgen_dba' ]);
}
