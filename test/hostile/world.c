/*
 * What the calls meet: series of many formats, batches and cards.
 */
#include "hostile/catalog.h"
#include "hostile/value.h"
#include "hostile/world.h"

PGconn	   *connection;
Pool		numbers;
Pool		codes;
Pool		labels;
Pool		batch_ids;
Pool		request_ids;
Pool		enum_values;
static char *fingerprint_query;
static long broken_batches;

const char *
PickFrom(const Pool *pool)
{
	int			count = PQntuples(pool->result);

	return count == 0 ? "" : PQgetvalue(pool->result, Choose(count), 0);
}

static void
Fill(Pool *pool, const char *sql)
{
	PQclear(pool->result);
	pool->result = Require(connection, sql);
}

void
FillPools(void)
{
	Fill(&numbers, "(SELECT number FROM cardgen.generated_card ORDER BY hashtext(number) LIMIT 150)"
		 " UNION ALL (SELECT number FROM cardgen.card ORDER BY number LIMIT 50)");
	Fill(&codes, "SELECT code FROM cardgen.series ORDER BY code");
	Fill(&labels, "SELECT label FROM cardgen.status_label ORDER BY label");
	Fill(&batch_ids, "SELECT batch_id FROM cardgen.batch ORDER BY batch_id");
	Fill(&request_ids, "SELECT request_id FROM cardgen.batch WHERE request_id IS NOT NULL ORDER BY batch_id");
	Fill(&enum_values, "SELECT enumlabel, enumtypid FROM pg_enum JOIN pg_type t ON t.oid = enumtypid"
		 " WHERE typnamespace = 'cardgen'::regnamespace ORDER BY enumtypid, enumsortorder");
}

void
CreateAnew(void)
{
	Do(connection, "SET client_min_messages = warning; DROP EXTENSION IF EXISTS cardgen; CREATE EXTENSION cardgen");
	Do(connection, "SELECT cardgen.create_series('GOLD', 'Gold', 12, '9000', check_digit => 'luhn', max_active_cards => 3),"
	   " cardgen.create_series('Club7', 'Club', 8, 'Cl', 'uB', 'sequential', card_expiry_days => 10),"
	   " cardgen.create_series('TINY', 'Tiny', 4, 'T', check_digit => 'mod7', card_type => 'physical'),"
	   " cardgen.create_series('LAST', 'Last', 6, 'L', method => 'sequential', card_offset => 999000),"
	   " cardgen.create_series('LETTERS', 'Letters', 20, alphabet => '23456789CFGHJMPQRVWX'),"
	   " cardgen.create_series('LONG', 'Long', 150, batch_retention => '1 second'),"
	   " cardgen.create_series('PAUSED', 'Paused', 30, 'P', method => 'sequential')");
	Do(connection, "SELECT cardgen.create_series('UNUSED' || length, 'Unused', length) FROM generate_series(6, 14) length");
	Do(connection, "SELECT cardgen.create_status_label('Printed', 'not_issued'), cardgen.create_status_label('Live', 'active', true),"
	   " cardgen.create_status_label('Lost \xE2\x82\xAC', 'suspended')");
	Do(connection, "SELECT cardgen.generate_batch(code, 120, request_id => gen_random_uuid()), cardgen.generate_batch(code, 7)"
	   " FROM cardgen.series WHERE code NOT LIKE 'UNUSED%'");
	Do(connection, "SELECT cardgen.issue_card(number, 'c' || row_number() OVER (), 'ACTIVE')"
	   " FROM (SELECT number FROM cardgen.generated_card ORDER BY number LIMIT 40) n");
	Do(connection, "SELECT cardgen.alter_series('PAUSED', is_active => false)");
	ReadFunctions();
	free(fingerprint_query);
	fingerprint_query = ReadText(connection, "SELECT 'SELECT concat_ws(''/'', ' || string_agg(format("
								 "'(SELECT concat(count(*), '':'', sum(hashtextextended(r::text, 0))) FROM %s r)',"
								 " oid::regclass), ', ') || ')' FROM pg_class"
								 " WHERE relnamespace = 'cardgen'::regnamespace AND relkind = 'r'");
	FillPools();
}

/* An order may have been so large that fingerprints take long. */
bool
IsLarge(void)
{
	return ReadNumber(connection, "SELECT pg_relation_size('cardgen.generated_card')") > 2000000;
}

char *
Fingerprint(void)
{
	return ReadText(connection, fingerprint_query);
}

void
CheckBatches(void)
{
	/* Without the index's summaries each batch's check would read all. */
	Do(connection, "VACUUM cardgen.generated_card");
	broken_batches += ReadNumber(connection,
								 "SELECT count(*) FROM (SELECT * FROM cardgen.batch WHERE is_listed) b, LATERAL cardgen.verify_batch(b.batch_id) v"
								 " WHERE v.stored <> b.card_count OR v.missing + v.unexpected <> 0");
}

void
CheckWorld(void)
{
	Ok(broken_batches == 0, "every batch is whole");
}
