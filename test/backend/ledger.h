/*
 * What the server acknowledged, of all connections.
 */
#ifndef BACKEND_LEDGER_H
#define BACKEND_LEDGER_H

#include <pthread.h>
#include <stdbool.h>

#define MAX_BATCHES			1000000

/* What an acknowledged transaction has done. */
typedef enum RecordKind
{
	BATCH,						/* batch, series, count; count -1: request of a lost connection */
	LIST,						/* batch, text: its numbers, a line each */
	ISSUE,						/* tick, text: number, customer, label, series of a new card or -1 */
	CHANGE,						/* tick, text: number, label, change: number of the call */
	EXPIRY,						/* tick, text: number, by expire_cards */
	REMOVAL,					/* batch */
	RETENTION,					/* batch */
	CLEARANCE					/* count batches, cards: remove_expired_batches */
} RecordKind;

typedef struct Record
{
	RecordKind	kind;
	long		tick;
	int			batch;
	int			series;
	int			customer;
	int			label;
	long		count;
	long		cards;
	long		change;
	bool		is_kept;		/* not to be removed */
	char	   *text;
} Record;

typedef struct Records
{
	Record	   *items;
	long		count;
	long		size;
} Records;

/* A batch that was acknowledged. */
typedef struct Batch
{
	int			series;			/* -1: not acknowledged */
	int			count;
	bool		is_removed;
	bool		is_retained;
	bool		is_kept;
	char	   *numbers;		/* NULL: nobody has seen them yet */
} Batch;

typedef struct Card
{
	const char *number;
	int			customer;
} Card;

typedef struct Ledger
{
	pthread_mutex_t mutex;
	Batch		batches[MAX_BATCHES];
	int		   *known;			/* ids of the acknowledged batches */
	long		known_count;
	Card	   *cards;			/* that were issued */
	long		card_count;
	long		card_size;
	Records		records;
	long		repeated;		/* calls that returned an earlier batch */
} Ledger;

extern Ledger ledger;

extern void OpenLedger(void);
extern void Append(Records *records, const Record *record);
extern void EnterRecords(const Records *records);

#endif
