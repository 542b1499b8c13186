/*
 * The cards of one coordinator spread over the worker nodes of Citus.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "citus.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "query.h"
#include "refusal.h"
#include "utils/lsyscache.h"

static PreparedQuery distribute_table = {
	"SELECT pg_catalog.create_distributed_table($1::oid::pg_catalog.regclass, $2, colocate_with => $3)",
	3, {OIDOID, TEXTOID, TEXTOID}
};

/* Distributing copies the rows; this drops the ones that were copied. */
static PreparedQuery drop_local_rows = {
	"SELECT pg_catalog.truncate_local_data_after_distributing_table($1::oid::pg_catalog.regclass)",
	1, {OIDOID}
};

PG_FUNCTION_INFO_V1(distribute);

static void
Distribute(const char *name, const char *column, const char *colocate_with)
{
	Oid			table = CardgenTable(name);
	NullableDatum arguments[] = {
		DatumArgument(ObjectIdGetDatum(table)), TextArgument(column), TextArgument(colocate_with)
	};

	if (IsDistributed(table))
		return;
	RunQuery(&distribute_table, arguments);
	RunQuery(&drop_local_rows, arguments);
}

/*
 * distribute()
 *
 * Spreads the cards over the worker nodes of Citus: generated_card by
 * batch_id, card and card_status_log by number, in as many shards as
 * citus.shard_count says, with the rows there are. What is distributed already
 * stays as it is. The other tables stay on the coordinator, where alone
 * the functions work. Cards can't be changed meanwhile.
 *
 * Errors: 55000 citus_missing, worker_node; 25006 in a read-only transaction;
 * those of Citus.
 */
Datum
distribute(PG_FUNCTION_ARGS)
{
	PreventCommandIfReadOnly("cardgen.distribute()");
	if (!OidIsValid(get_extension_oid("citus", true)))
		Refuse(CitusMissing());
	RequireCoordinator();

	OpenQueries();
	Distribute("generated_card", "batch_id", "none");
	Distribute("card", "number", "none");
	Distribute("card_status_log", "number", "cardgen.card");
	CloseQueries();
	PG_RETURN_VOID();
}
