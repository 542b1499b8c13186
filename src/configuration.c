/*
 * The series and status labels, kept in the memory of each backend.
 */
#include "configuration.h"

#include <openssl/crypto.h>

#include "citus.h"
#include "commands/trigger.h"
#include "nodes/pg_list.h"
#include "query.h"
#include "series_key.h"
#include "storage/sinval.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"

/* Where prefix and suffix end: with them it tells all series but a few apart. */
typedef struct Shape
{
	int			number_length;
	int			prefix_length;
	int			suffix_length;
} Shape;

#define SHAPE_KEY_SIZE (AFFIX_MAX_LENGTH * 2 + 24)

typedef struct SeriesOfCode
{
	char		code[SERIES_CODE_SIZE];
	Series	   *series;
} SeriesOfCode;

typedef struct SeriesOfShape
{
	char		key[SHAPE_KEY_SIZE];
	Series	   *first;
} SeriesOfShape;

struct Configuration
{
	MemoryContext context;
	int			users;
	bool		is_current;
	bool		has_imported;
	HTAB	   *series_by_code;
	HTAB	   *series_by_shape;
	List	   *shapes;
	bool		is_length_known[NUMBER_MAX_LENGTH + 1];
	int			label_count;
	StatusLabel *labels;
	const StatusLabel *defaults[STATUS_COUNT];
};

static Configuration *current = NULL;

static PreparedQuery any_imported = {
	"SELECT EXISTS (SELECT FROM cardgen.series WHERE method = 'imported')"
};

static PreparedQuery read_labels = {
	"SELECT label, status::text, is_default FROM cardgen.status_labels"
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
 *
 * Errors: 39P01 not_a_trigger.
 */
Datum
configuration_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		Refuse(NotATrigger());

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

	for (size_t i = 0; i < lengthof(watched_relations); i++)
		watched_relations[i] = CardgenTable(names[i]);

	if (!is_registered)
		CacheRegisterRelcacheCallback(RelationChanged, (Datum) 0);
	is_registered = true;
}

/* In capitals, a character at least that stands in no affix between them. */
static void
MakeShapeKey(char *key, const Shape *shape, const char *prefix, const char *suffix)
{
	char	   *end = key + snprintf(key, SHAPE_KEY_SIZE, "%d:", shape->number_length);

	for (int i = 0; i < shape->prefix_length; i++)
		*end++ = (char) pg_ascii_toupper((unsigned char) prefix[i]);
	*end++ = ':';
	for (int i = 0; i < shape->suffix_length; i++)
		*end++ = (char) pg_ascii_toupper((unsigned char) suffix[i]);
	*end = '\0';
}

static void
RememberShape(Configuration *configuration, const Shape *shape)
{
	MemoryContext caller_context;
	ListCell   *cell;
	Shape	   *copy;

	foreach(cell, configuration->shapes)
		if (memcmp(lfirst(cell), shape, sizeof(Shape)) == 0)
			return;
	caller_context = MemoryContextSwitchTo(configuration->context);
	copy = palloc(sizeof(Shape));
	*copy = *shape;
	configuration->shapes = lappend(configuration->shapes, copy);
	MemoryContextSwitchTo(caller_context);
}

static void
RememberFormat(Configuration *configuration, Series *series)
{
	const NumberFormat *format = &series->format;
	Shape		shape = {FormatNumberLength(format), format->prefix_length, format->suffix_length};
	char		key[SHAPE_KEY_SIZE];
	SeriesOfShape *of_shape;
	bool		is_known;

	RememberShape(configuration, &shape);
	MakeShapeKey(key, &shape, format->prefix, format->suffix);
	of_shape = hash_search(configuration->series_by_shape, key, HASH_ENTER, &is_known);
	series->next_of_shape = is_known ? of_shape->first : NULL;
	of_shape->first = series;
}

/* Adds the series in a row of a result, unless it is known already; its code at last, when all of it is known. */
static Series *
RememberSeries(Configuration *configuration, uint64 row)
{
	SeriesOfCode *of_code;
	Series	   *series;

	of_code = hash_search(configuration->series_by_code, ResultText(row, 0), HASH_FIND, NULL);
	if (of_code != NULL)
	{
		pg_uuid_t	incarnation = ResultUuid(row, 2);

		if (!IsOfSeries(of_code->series, &incarnation))
		{
			is_stale = true;
			Refuse(ConcurrentChange("the card series"));
		}
		return of_code->series;
	}
	series = ResultSeries(row, configuration->context);
	if (!series->is_imported)
		RememberFormat(configuration, series);
	of_code = hash_search(configuration->series_by_code, series->code, HASH_ENTER, NULL);
	of_code->series = series;
	return series;
}

static void
LoadLabel(StatusLabel *label, uint64 row)
{
	label->label = MemoryContextStrdup(current->context, ResultText(row, 0));
	label->status = StatusByName(ResultText(row, 1));
	if (ResultBool(row, 2))
		current->defaults[label->status] = label;
}

static HTAB *
CreateTable(const char *name, Size key_size, Size entry_size)
{
	HASHCTL		control = {
		.keysize = key_size, .entrysize = entry_size, .hcxt = current->context
	};

	return hash_create(name, 64, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
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
	current->series_by_code = CreateTable("cardgen series by code", SERIES_CODE_SIZE, sizeof(SeriesOfCode));
	current->series_by_shape = CreateTable("cardgen series by shape", SHAPE_KEY_SIZE, sizeof(SeriesOfShape));

	OpenQueries();
	ReadLatest(&any_imported, NULL);
	current->has_imported = ResultBool(0, 0);
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
RereadConfiguration(Configuration **configuration)
{
	is_stale = true;
	*configuration = UseConfiguration();
}

bool
HasImportedSeries(const Configuration *configuration)
{
	return configuration->has_imported;
}

Series *
FindSeries(Configuration *configuration, const char *code)
{
	SeriesOfCode *known;
	Series	   *series = NULL;

	if (strlen(code) >= SERIES_CODE_SIZE)
		return NULL;
	known = hash_search(configuration->series_by_code, code, HASH_FIND, NULL);
	if (known != NULL)
		return known->series;

	OpenQueries();
	if (ReadSeriesOfCode(code))
		series = RememberSeries(configuration, 0);
	CloseQueries();
	return series;
}

Series *
RequireSeries(Configuration *configuration, const char *code)
{
	Series	   *series = FindSeries(configuration, code);

	if (series == NULL)
		Refuse(UnknownSeries(code));
	return series;
}

bool
IsOfSeries(const Series *series, const pg_uuid_t *incarnation)
{
	return memcmp(series->incarnation.data, incarnation->data, UUID_LEN) == 0;
}

Series *
CurrentSeries(Configuration **configuration, const char *code, const pg_uuid_t *incarnation)
{
	Series	   *series = FindSeries(*configuration, code);

	if (series == NULL || !IsOfSeries(series, incarnation))
	{
		RereadConfiguration(configuration);
		series = RequireSeries(*configuration, code);
		if (!IsOfSeries(series, incarnation))
			Refuse(SeriesIncomplete(code));
	}
	return series;
}

Refusal *
CheckActive(const Series *series)
{
	return series->is_active ? NULL : SeriesInactive(series->code);
}

Refusal *
CheckGenerates(const Series *series)
{
	return series->is_imported ? SeriesImported(series->code) : CheckActive(series);
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
		Refuse(UnknownLabel(label));
	return found;
}

const StatusLabel *
DefaultLabel(Configuration *configuration, CardStatus status)
{
	if (configuration->defaults[status] == NULL)
		Refuse(LabelMissing(StatusName(status)));
	return configuration->defaults[status];
}

const StatusLabel *
LabelOrDefault(Configuration *configuration, const char *label, CardStatus status)
{
	return label == NULL ? DefaultLabel(configuration, status) : RequireLabel(configuration, label);
}

static NumberMatch
MatchKnown(Configuration *configuration, const char *text, size_t length,
		   Series **series, char *number)
{
	ListCell   *cell;

	foreach(cell, configuration->shapes)
	{
		const Shape *shape = lfirst(cell);
		char		key[SHAPE_KEY_SIZE];
		SeriesOfShape *of_shape;

		if ((size_t) shape->number_length != length)
			continue;
		MakeShapeKey(key, shape, text, text + length - shape->suffix_length);
		of_shape = hash_search(configuration->series_by_shape, key, HASH_FIND, NULL);
		for (*series = of_shape == NULL ? NULL : of_shape->first; *series != NULL; *series = (*series)->next_of_shape)
		{
			NumberMatch match = FormatMatch(&(*series)->format, text, length, number);

			if (match != NUMBER_MALFORMED)
				return match;
		}
	}
	*series = NULL;
	return NUMBER_MALFORMED;
}

NumberMatch
MatchNumber(Configuration *configuration, const char *text, size_t length,
			Series **series, char *number)
{
	NumberMatch match;
	uint64		count;

	*series = NULL;
	if (length < NUMBER_MIN_LENGTH || length > NUMBER_MAX_LENGTH ||
		strspn(text, DIGITS_AND_LETTERS) < length)
		return NUMBER_MALFORMED;
	match = MatchKnown(configuration, text, length, series, number);
	if (match != NUMBER_MALFORMED || configuration->is_length_known[length])
		return match;

	OpenQueries();
	count = ReadSeriesOfNumber(text, length);
	for (uint64 i = 0; i < count; i++)
		RememberSeries(configuration, i);
	CloseQueries();
	return count == 0 ? NUMBER_MALFORMED : MatchKnown(configuration, text, length, series, number);
}

void
LearnSeriesOfLength(Configuration *configuration, size_t length)
{
	uint64		count;

	if (length > NUMBER_MAX_LENGTH || configuration->is_length_known[length])
		return;
	OpenQueries();
	count = ReadSeriesOfLength(length);
	for (uint64 i = 0; i < count; i++)
		RememberSeries(configuration, i);
	CloseQueries();
	configuration->is_length_known[length] = true;
}

static void
ClearCodec(void *codec)
{
	CodecClear(codec);
}

const NumberCodec *
SeriesCodec(Series *series)
{
	MemoryContext context = GetMemoryChunkContext(series);
	MemoryContextCallback *callback;
	NumberCodec *codec;
	uint8		key[SERIES_KEY_LENGTH];
	bool		is_ready;

	if (series->codec != NULL)
		return series->codec;

	ReadSeriesKey(series->code, &series->incarnation, key);
	codec = MemoryContextAllocZero(context, sizeof(NumberCodec));
	callback = MemoryContextAlloc(context, sizeof(MemoryContextCallback));
	callback->func = ClearCodec;
	callback->arg = codec;
	MemoryContextRegisterResetCallback(context, callback);

	is_ready = CodecInit(codec, &series->format, key);
	OPENSSL_cleanse(key, sizeof(key));
	if (!is_ready)
		elog(ERROR, "could not set up AES with libcrypto");
	series->codec = codec;
	return codec;
}
