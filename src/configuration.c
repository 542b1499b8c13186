#include "configuration.h"

#include <openssl/crypto.h>

#include "catalog/namespace.h"
#include "citus.h"
#include "commands/trigger.h"
#include "query.h"
#include "storage/sinval.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

struct Configuration
{
	MemoryContext context;
	int			users;
	bool		is_current;
	int			series_count;
	Series	   *series;
	int			label_count;
	StatusLabel *labels;
	const StatusLabel *defaults[STATUS_COUNT];
};

static Configuration *current = NULL;

static PreparedQuery read_series = {
	"SELECT code, name, prefix, suffix, alphabet, method::text, check_digit::text, length,"
	" card_offset, capacity, max_active_cards, coalesce(card_expiry_days, 0), is_active, batch_retention"
	" FROM cardgen.series"
};

static PreparedQuery read_labels = {
	"SELECT label, status::text, is_default FROM cardgen.status_labels"
};

static PreparedQuery read_key = {
	"SELECT key FROM cardgen.series_key WHERE series_code = $1",
	1, {TEXTOID}
};

static const char *const status_names[STATUS_COUNT] = {
	"not_issued", "issued", "active", "suspended", "expired", "deleted"
};

PG_FUNCTION_INFO_V1(configuration_changed);

/*
 * configuration_changed() -> trigger
 *
 * Row trigger of the tables that are kept in memory. The invalidation of the
 * relation reaches every backend when the change commits, and standbys too.
 */
Datum
configuration_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("configuration_changed can only be called as a trigger")));

	CacheInvalidateRelcache(trigger->tg_relation);
	return PointerGetDatum(NULL);
}

const char *
StatusName(CardStatus status)
{
	return status_names[status];
}

CardStatus
StatusByName(const char *name)
{
	for (int status = 0; status < STATUS_COUNT; status++)
		if (strcmp(name, status_names[status]) == 0)
			return (CardStatus) status;
	elog(ERROR, "unrecognized card status: %s", name);
}

static void
Release(void *argument)
{
	Configuration *configuration = argument;

	if (--configuration->users == 0 && !configuration->is_current)
		MemoryContextDelete(configuration->context);
}

static void
Retire(void)
{
	Configuration *retired = current;

	current = NULL;
	if (retired == NULL)
		return;
	retired->is_current = false;
	if (retired->users == 0)
		MemoryContextDelete(retired->context);
}

static bool is_stale = false;
static Oid	watched_relations[3];

/* InvalidOid: any relation may have changed. */
static void
RelationChanged(Datum argument, Oid relation)
{
	if (relation == InvalidOid)
		is_stale = true;
	for (size_t i = 0; i < lengthof(watched_relations); i++)
		if (relation == watched_relations[i])
			is_stale = true;
}

static void
WatchRelations(void)
{
	static const char *const names[] = {"series", "series_key", "status_label"};
	static bool is_registered = false;
	Oid			namespace = get_namespace_oid("cardgen", false);

	for (size_t i = 0; i < lengthof(watched_relations); i++)
		watched_relations[i] = get_relname_relid(names[i], namespace);

	if (!is_registered)
		CacheRegisterRelcacheCallback(RelationChanged, (Datum) 0);
	is_registered = true;
}

static char *
CopyText(uint64 row, int column)
{
	return MemoryContextStrdup(current->context, ResultText(row, column));
}

void
BuildFormat(NumberFormat *format, const char *prefix, const char *suffix,
			const char *alphabet, const char *method, const char *check_digit,
			int length, int64 offset)
{
	format->prefix_length = (int) strlcpy(format->prefix, prefix, sizeof(format->prefix));
	format->suffix_length = (int) strlcpy(format->suffix, suffix, sizeof(format->suffix));
	format->radix = (int) strlcpy(format->alphabet, alphabet, sizeof(format->alphabet));
	format->method = strcmp(method, "random") == 0 ? METHOD_RANDOM : METHOD_SEQUENTIAL;
	format->check_digit = strcmp(check_digit, "luhn") == 0 ? CHECK_DIGIT_LUHN :
		strcmp(check_digit, "mod7") == 0 ? CHECK_DIGIT_MOD7 : CHECK_DIGIT_NONE;
	format->length = length;
	format->offset = offset;
}

static void
LoadSeries(Series *series, uint64 row)
{
	bool		is_null;
	Datum		retention = ResultDatum(row, 13, &is_null);

	series->code = CopyText(row, 0);
	series->name = CopyText(row, 1);
	BuildFormat(&series->format, ResultText(row, 2), ResultText(row, 3), ResultText(row, 4),
				ResultText(row, 5), ResultText(row, 6), ResultInt4(row, 7), ResultInt8(row, 8));
	series->capacity = ResultInt8(row, 9);
	series->max_active_cards = ResultInt4(row, 10);
	series->card_expiry_days = ResultInt4(row, 11);
	series->is_active = ResultBool(row, 12);
	if (!is_null)
	{
		Interval   *copy = MemoryContextAlloc(current->context, sizeof(Interval));

		*copy = *DatumGetIntervalP(retention);
		series->batch_retention = copy;
	}
}

static void
LoadLabel(StatusLabel *label, uint64 row)
{
	label->label = CopyText(row, 0);
	label->status = StatusByName(ResultText(row, 1));
	if (ResultBool(row, 2))
		current->defaults[label->status] = label;
}

/*
 * In the newest snapshot: what is kept here must not be the past that a
 * repeatable read transaction still sees.
 */
static void
LoadConfiguration(void)
{
	MemoryContext context;

	RequireCoordinator();
	context = AllocSetContextCreate(CacheMemoryContext, "cardgen configuration",
									ALLOCSET_DEFAULT_SIZES);
	current = MemoryContextAllocZero(context, sizeof(Configuration));
	current->context = context;
	current->is_current = true;

	OpenQueries();
	current->series_count = (int) ReadLatest(&read_series, NULL);
	current->series = MemoryContextAllocZero(context, sizeof(Series) * (current->series_count + 1));
	for (int i = 0; i < current->series_count; i++)
		LoadSeries(&current->series[i], i);

	current->label_count = (int) ReadLatest(&read_labels, NULL);
	current->labels = MemoryContextAllocZero(context, sizeof(StatusLabel) * (current->label_count + 1));
	for (int i = 0; i < current->label_count; i++)
		LoadLabel(&current->labels[i], i);
	CloseQueries();
}

Configuration *
UseConfiguration(void)
{
	MemoryContextCallback *callback;

	AcceptInvalidationMessages();
	if (current == NULL || is_stale)
	{
		Retire();
		WatchRelations();
		/* What changes while it is being read makes it stale at once. */
		is_stale = false;
		PG_TRY();
		{
			LoadConfiguration();
		}
		PG_CATCH();
		{
			Retire();
			PG_RE_THROW();
		}
		PG_END_TRY();
	}

	callback = palloc(sizeof(MemoryContextCallback));
	callback->func = Release;
	callback->arg = current;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
	current->users++;
	return current;
}

void
ReportUnknownSeries(const char *code)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("card series \"%s\" does not exist", code),
			 errhint("The view cardgen.series_usage lists the series there are.")));
}

Series *
FindSeries(Configuration *configuration, const char *code)
{
	for (int i = 0; i < configuration->series_count; i++)
		if (strcmp(configuration->series[i].code, code) == 0)
			return &configuration->series[i];
	return NULL;
}

Series *
RequireSeries(Configuration *configuration, const char *code)
{
	Series	   *series = FindSeries(configuration, code);

	if (series == NULL)
		ReportUnknownSeries(code);
	return series;
}

void
RequireActive(const Series *series)
{
	if (!series->is_active)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("card series \"%s\" is not active", series->code),
				 errhint("Activate it with cardgen.alter_series(code => '%s', is_active => true).",
						 series->code)));
}

const StatusLabel *
FindLabel(Configuration *configuration, const char *label)
{
	for (int i = 0; i < configuration->label_count; i++)
		if (strcmp(configuration->labels[i].label, label) == 0)
			return &configuration->labels[i];
	return NULL;
}

const StatusLabel *
RequireLabel(Configuration *configuration, const char *label)
{
	const StatusLabel *found = FindLabel(configuration, label);

	if (found == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("status label \"%s\" does not exist", label),
				 errhint("The view cardgen.status_labels lists the labels there are.")));
	return found;
}

const StatusLabel *
DefaultLabel(Configuration *configuration, CardStatus status)
{
	return configuration->defaults[status];
}

const Series *
FindOverlap(Configuration *configuration, const NumberFormat *format)
{
	for (int i = 0; i < configuration->series_count; i++)
		if (FormatsOverlap(&configuration->series[i].format, format))
			return &configuration->series[i];
	return NULL;
}

NumberMatch
MatchNumber(Configuration *configuration, const char *text, size_t length,
			Series **series, char *number)
{
	*series = NULL;
	for (int i = 0; i < configuration->series_count; i++)
	{
		NumberMatch match = FormatMatch(&configuration->series[i].format, text, length, number);

		if (match != NUMBER_MALFORMED)
		{
			*series = &configuration->series[i];
			return match;
		}
	}
	return NUMBER_MALFORMED;
}

static void
ClearCodec(void *codec)
{
	CodecClear(codec);
}

const NumberCodec *
SeriesCodec(Configuration *configuration, Series *series)
{
	MemoryContextCallback *callback;
	NumberCodec *codec;
	bytea	   *key;
	bool		is_null;
	bool		is_ready;

	if (series->codec != NULL)
		return series->codec;

	if (ReadLatest(&read_key, (NullableDatum[]) {TextArgument(series->code)}) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("card series \"%s\" has no key here", series->code),
				 errdetail("Its row in cardgen.series_key is missing."),
				 errhint("On a subscriber wait until that table has been copied; else restore it from a backup.")));
	key = DatumGetByteaPP(ResultDatum(0, 0, &is_null));

	codec = MemoryContextAllocZero(configuration->context, sizeof(NumberCodec));
	callback = MemoryContextAlloc(configuration->context, sizeof(MemoryContextCallback));
	is_ready = CodecInit(codec, &series->format, (const uint8_t *) VARDATA_ANY(key));
	OPENSSL_cleanse(VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key));
	if (!is_ready)
		elog(ERROR, "could not set up AES with libcrypto");

	callback->func = ClearCodec;
	callback->arg = codec;
	MemoryContextRegisterResetCallback(configuration->context, callback);
	series->codec = codec;
	return codec;
}
