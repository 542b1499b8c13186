/*
 * The secret keys of the series.
 */
#include "series_key.h"

#include <openssl/crypto.h>

#include "catalog/pg_type.h"
#include "citus.h"
#include "fmgr.h"
#include "key_command.h"
#include "key_wrap.h"
#include "miscadmin.h"
#include "query.h"
#include "refusal.h"

#define WRAPPED_KEY_LENGTH (SERIES_KEY_LENGTH + KEY_WRAP_OVERHEAD)

static PreparedQuery read_key = {
	"SELECT key FROM cardgen.series_key WHERE series_code = $1 AND incarnation = $2",
	2, {TEXTOID, UUIDOID}
};

/*
 * Whoever wraps all keys waits for those that are being created, and holds up
 * those that are about to be: none is left under a key that is then destroyed.
 */
static PreparedQuery lock_to_create = {
	"LOCK TABLE cardgen.series_key IN ROW EXCLUSIVE MODE"
};

static PreparedQuery lock_to_wrap = {
	"LOCK TABLE cardgen.series_key IN SHARE ROW EXCLUSIVE MODE"
};

static PreparedQuery insert_key = {
	"INSERT INTO cardgen.series_key (series_code, incarnation) VALUES ($1, $2)",
	2, {TEXTOID, UUIDOID}
};

static PreparedQuery insert_wrapped_key = {
	"INSERT INTO cardgen.series_key (series_code, incarnation, key) VALUES ($1, $2, $3)",
	3, {TEXTOID, UUIDOID, BYTEAOID}
};

static PreparedQuery lock_keys = {
	"SELECT key, series_code, incarnation FROM cardgen.series_key ORDER BY series_code FOR UPDATE"
};

static PreparedQuery update_key = {
	"UPDATE cardgen.series_key SET key = $3 WHERE series_code = $1 AND incarnation = $2",
	3, {TEXTOID, UUIDOID, BYTEAOID}
};

PG_FUNCTION_INFO_V1(wrap_keys);

static bool
IsWrapped(const bytea *stored)
{
	return VARSIZE_ANY_EXHDR(stored) == WRAPPED_KEY_LENGTH;
}

/* What is wrapped may stay in memory. */
static void
Wipe(bytea *stored)
{
	if (!IsWrapped(stored))
		OPENSSL_cleanse(VARDATA_ANY(stored), VARSIZE_ANY_EXHDR(stored));
}

/* Wipes the key. */
static bytea *
Wrap(uint8 *key)
{
	bytea	   *wrapped = palloc(VARHDRSZ + WRAPPED_KEY_LENGTH);
	bool		is_wrapped = KeyWrap(WrappingKey(PRESENT_KEY), WRAPPING_KEY_LENGTH,
									 key, SERIES_KEY_LENGTH, (uint8 *) VARDATA(wrapped));

	SET_VARSIZE(wrapped, VARHDRSZ + WRAPPED_KEY_LENGTH);
	OPENSSL_cleanse(key, SERIES_KEY_LENGTH);
	if (!is_wrapped)
		elog(ERROR, "could not wrap a key with libcrypto");
	return wrapped;
}

static bool
Unwrap(WrappingKeyAge age, const bytea *wrapped, uint8 *key)
{
	const uint8 *wrapping_key = WrappingKey(age);

	return wrapping_key != NULL &&
		KeyUnwrap(wrapping_key, WRAPPING_KEY_LENGTH,
				  (const uint8 *) VARDATA_ANY(wrapped), key, SERIES_KEY_LENGTH);
}

/* The key that is stored; true where it is wrapped under the present key. */
static bool
Open(const char *series_code, const bytea *stored, uint8 *key)
{
	if (!IsWrapped(stored))
	{
		memcpy(key, VARDATA_ANY(stored), SERIES_KEY_LENGTH);
		return false;
	}
	if (Unwrap(PRESENT_KEY, stored, key))
		return true;
	if (!Unwrap(FORMER_KEY, stored, key))
		Refuse(KeyWrapped(series_code));
	return false;
}

void
ReadSeriesKey(const char *series_code, const pg_uuid_t *incarnation, uint8 key[SERIES_KEY_LENGTH])
{
	bytea	   *stored;
	bool		is_null;

	if (ReadLatest(&read_key, (NullableDatum[]) {
				TextArgument(series_code), UuidArgument(incarnation)}) != 1)
		Refuse(KeyMissing(series_code));
	stored = DatumGetByteaPP(ResultDatum(0, 0, &is_null));
	if (IsWrapped(stored))
		RefreshKeyCommands();
	(void) Open(series_code, stored, key);
	Wipe(stored);
}

void
PrepareSeriesKey(void)
{
	RefreshKeyCommands();
	(void) WrappingKey(PRESENT_KEY);
}

void
CreateSeriesKey(const char *series_code, const pg_uuid_t *incarnation)
{
	NullableDatum arguments[3] = {TextArgument(series_code), UuidArgument(incarnation)};
	uint8		key[SERIES_KEY_LENGTH];

	RunQuery(&lock_to_create, NULL);
	RefreshKeyCommands();
	if (WrappingKey(PRESENT_KEY) == NULL)
	{
		WriteRow(&insert_key, arguments, "series_key");
		return;
	}
	if (!pg_strong_random(key, sizeof(key)))
		elog(ERROR, "could not generate a random key");
	arguments[2] = DatumArgument(PointerGetDatum(Wrap(key)));
	WriteRow(&insert_wrapped_key, arguments, "series_key");
}

static bytea *
StoredKey(const SPITupleTable *rows, uint64 row)
{
	bool		is_null;

	return DatumGetByteaPP(SPI_getbinval(rows->vals[row], rows->tupdesc, 1, &is_null));
}

/* What a row is to hold instead; NULL where it is that already. */
static bytea *
Rewrap(const SPITupleTable *rows, uint64 row)
{
	const char *series_code = SPI_getvalue(rows->vals[row], rows->tupdesc, 2);
	uint8		key[SERIES_KEY_LENGTH];

	if (!Open(series_code, StoredKey(rows, row), key))
		return Wrap(key);
	OPENSSL_cleanse(key, sizeof(key));
	return NULL;
}

static bytea **
RewrapAll(const SPITupleTable *rows, uint64 count)
{
	bytea	  **wrapped = palloc(sizeof(bytea *) * (count + 1));

	PG_TRY();
	{
		for (uint64 i = 0; i < count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			wrapped[i] = Rewrap(rows, i);
		}
	}
	PG_FINALLY();
	{
		for (uint64 i = 0; i < count; i++)
			Wipe(StoredKey(rows, i));
	}
	PG_END_TRY();
	return wrapped;
}

/*
 * wrap_keys() -> int
 *
 * Wraps the key of every series that is not wrapped under the key of
 * cardgen.key_command: those stored as they are, and those under the key of
 * cardgen.former_key_command. Returns how many; 0 where all are already. The
 * numbers of the series stay what they are. AES key wrap with 256 bits, RFC 3394.
 *
 * Errors: 55000 key_command_unset, key_command_failed, key_wrapped where a key
 * was wrapped under neither; 25006 in a read-only transaction.
 */
Datum
wrap_keys(PG_FUNCTION_ARGS)
{
	SPITupleTable *rows;
	bytea	  **wrapped;
	uint64		count;
	int32		changed = 0;

	PreventCommandIfReadOnly("cardgen.wrap_keys()");
	RequireCoordinator();
	RefreshKeyCommands();
	if (WrappingKey(PRESENT_KEY) == NULL)
		Refuse(KeyCommandUnset());

	OpenQueries();
	RunQuery(&lock_to_wrap, NULL);
	count = RunLatest(&lock_keys, NULL);
	rows = SPI_tuptable;
	wrapped = RewrapAll(rows, count);
	for (uint64 i = 0; i < count; i++)
	{
		NullableDatum arguments[3];

		if (wrapped[i] == NULL)
			continue;
		for (int column = 0; column < 2; column++)
			arguments[column].value = SPI_getbinval(rows->vals[i], rows->tupdesc, column + 2,
													&arguments[column].isnull);
		arguments[2] = DatumArgument(PointerGetDatum(wrapped[i]));
		if (RunLatest(&update_key, arguments) == 0)
			Refuse(WriteSuppressed("series_key"));
		changed++;
	}
	CloseQueries();
	PG_RETURN_INT32(changed);
}
