/*
 * Citus: what it has done with the tables.
 */
#include "citus.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/skey.h"
#include "access/table.h"
#include "catalog/pg_namespace.h"
#include "refusal.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* One of the tables in which Citus keeps what it knows; NULL without Citus. */
static Relation
OpenCitusTable(const char *name)
{
	Oid			table = get_relname_relid(name, PG_CATALOG_NAMESPACE);

	return OidIsValid(table) ? table_open(table, AccessShareLock) : NULL;
}

bool
IsDistributed(Oid relation)
{
	Relation	partitions = OpenCitusTable("pg_dist_partition");
	SysScanDesc scan;
	ScanKeyData key;
	bool		found;

	if (partitions == NULL)
		return false;
	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
	scan = systable_beginscan(partitions,
							  get_relname_relid("pg_dist_partition_logical_relid_index", PG_CATALOG_NAMESPACE),
							  true, NULL, 1, &key);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(partitions, AccessShareLock);
	return found;
}

void
RequireCoordinator(void)
{
	Relation	groups = OpenCitusTable("pg_dist_local_group");
	SysScanDesc scan;
	HeapTuple	group;
	bool		is_null;
	bool		is_coordinator = true;

	if (groups == NULL)
		return;
	scan = systable_beginscan(groups, InvalidOid, false, NULL, 0, NULL);
	group = systable_getnext(scan);
	if (HeapTupleIsValid(group))
		is_coordinator = DatumGetInt32(heap_getattr(group, 1, RelationGetDescr(groups), &is_null)) == 0;
	systable_endscan(scan);
	table_close(groups, AccessShareLock);
	if (!is_coordinator)
		Refuse(WorkerNode());
}
