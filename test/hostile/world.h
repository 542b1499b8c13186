/*
 * What the calls meet: the extension with a few series, batches and cards, and
 * its functions as the catalogs describe them.
 */
#ifndef HOSTILE_WORLD_H
#define HOSTILE_WORLD_H

#include "client/client.h"

#define MAX_FUNCTIONS	64
#define MAX_ARGUMENTS	16

typedef enum ArgumentKind
{
	TEXT, INT4, INT8, BOOL, UUID, INTERVAL, TIMESTAMPTZ, DATE, ENUM, KIND_COUNT
} ArgumentKind;

typedef struct Argument
{
	char		name[64];
	char		topic[64];		/* the name, or an array element's */
	ArgumentKind kind;
	bool		is_array;
	Oid			type;
} Argument;

typedef struct Function
{
	char		name[64];
	bool		is_procedure;
	bool		is_trigger;
	bool		returns_set;
	int			argument_count;
	int			default_count;
	Argument	arguments[MAX_ARGUMENTS];
	long		calls;
	long		successes;
} Function;

/* Texts that are right for some argument. */
typedef struct Pool
{
	PGresult   *result;
} Pool;

extern PGconn *connection;
extern Function functions[MAX_FUNCTIONS];
extern int	function_count;
extern Pool numbers;
extern Pool codes;
extern Pool labels;
extern Pool batch_ids;
extern Pool request_ids;
extern Pool enum_values;

extern const char *PickFrom(const Pool *pool);

extern void CreateAnew(void);
extern void FillPools(void);
extern bool IsLarge(void);

/* All that is in the tables; to be freed. */
extern char *Fingerprint(void);

/* Before the extension goes: its batches are whole, whatever was called. */
extern void CheckBatches(void);
extern void CheckWorld(void);

#endif
