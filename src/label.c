/*
 * Status labels: the organization's own names for the standard statuses.
 */
#include "argument.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "configuration.h"
#include "miscadmin.h"
#include "query.h"
#include "utils/fmgrprotos.h"

static PreparedQuery lock_labels = {
	"LOCK TABLE cardgen.status_label IN SHARE ROW EXCLUSIVE MODE"
};

static PreparedQuery insert_label = {
	"INSERT INTO cardgen.status_label (label, status) VALUES ($1, $2::cardgen.card_status)",
	2, {TEXTOID, TEXTOID}
};

/* Two statements: the unique index is checked row by row. */
static PreparedQuery clear_default = {
	"UPDATE cardgen.status_label SET is_default = false"
	" WHERE status = $1::cardgen.card_status AND is_default",
	1, {TEXTOID}
};

/* At REPEATABLE READ one that another transaction has marked meanwhile is left, and one that it has made not found. */
static PreparedQuery other_default = {
	"SELECT FROM cardgen.status_label WHERE status = $1::cardgen.card_status AND is_default",
	1, {TEXTOID}
};

static PreparedQuery mark_default = {
	"UPDATE cardgen.status_label SET is_default = true"
	" WHERE label = $1",
	1, {TEXTOID}
};

PG_FUNCTION_INFO_V1(create_status_label);
PG_FUNCTION_INFO_V1(set_default_label);

static bool
IsBuiltIn(const char *label, const char *status)
{
	return strcmp(label, InCapitals(status, strlen(status))) == 0;
}

/* A built-in label is the default where no other is, so it is never marked. */
static void
MakeDefault(const char *label, const char *status)
{
	NullableDatum argument = TextArgument(status);

	RunQuery(&clear_default, &argument);
	if (ReadLatest(&other_default, &argument) > 0 ||
		(!IsBuiltIn(label, status) && RunQuery(&mark_default, (NullableDatum[]) {TextArgument(label)}) == 0))
		Refuse(IsolationUsesXactSnapshot() ? ConcurrentChange("the default label") : WriteSuppressed("status_label"));
}

/*
 * create_status_label(label text, status cardgen.card_status,
 *		is_default boolean = false)
 *
 * label: 1 to 255 characters, unique over all statuses. is_default: it becomes
 * the default label of its status.
 *
 * Errors: 42710 label_exists; 22023 null_argument, empty_text, text_too_long;
 * 40001 concurrent_change; 25006 in a read-only transaction.
 */
Datum
create_status_label(PG_FUNCTION_ARGS)
{
	const char *label;
	const char *status;

	PreventCommandIfReadOnly("cardgen.create_status_label()");
	label = RequiredText(fcinfo, 0, "label");
	RequireArgument(fcinfo, 1, "status");
	RequireArgument(fcinfo, 2, "is_default");
	status = DatumGetCString(DirectFunctionCall1(enum_out, PG_GETARG_DATUM(1)));
	Require(CheckName(label, "label"));

	OpenQueries();
	RunQuery(&lock_labels, NULL);
	if (FindLabel(UseConfiguration(), label) != NULL)
		Refuse(LabelExists(label));
	WriteRow(&insert_label, (NullableDatum[]) {TextArgument(label), TextArgument(status)}, "status_label");
	if (PG_GETARG_BOOL(2))
		MakeDefault(label, status);
	CloseQueries();
	PG_RETURN_VOID();
}

/*
 * set_default_label(label text)
 *
 * Makes the label the default one of its status.
 *
 * Errors: 42704 unknown_label; 22023 null_argument; 40001 concurrent_change;
 * 25006 in a read-only transaction.
 */
Datum
set_default_label(PG_FUNCTION_ARGS)
{
	const StatusLabel *label;

	PreventCommandIfReadOnly("cardgen.set_default_label()");
	OpenQueries();
	RunQuery(&lock_labels, NULL);
	label = RequireLabel(UseConfiguration(), RequiredText(fcinfo, 0, "label"));
	MakeDefault(label->label, StatusName(label->status));
	CloseQueries();
	PG_RETURN_VOID();
}
