/*
 * What the server acknowledged, of all connections.
 */
#ifndef BACKEND_LEDGER_H
#define BACKEND_LEDGER_H

#include <pthread.h>
#include <stdbool.h>

#define MAX_BATCHES			1000000
#define NO_CUSTOMER			(-1)

/* What an acknowledged transaction has done. */
typedef enum RecordKind
{
	BATCH,						/* batch, series, count; count -1: request of a lost connection */
	LIST,						/* batch, text: its numbers, a line each */
	REMOVAL,					/* batch */
	RETENTION,					/* batch */
	CLEARANCE,					/* count batches, cards: remove_expired_batches */
	MERGER,						/* tick, customer: who has no card any more */
	/* of a card: tick, text: its number, label */
	ISSUE,						/* customer, series of a new card or -1; or replaces and change */
	CHANGE,						/* change: number of the call */
	EXPIRY,						/* by expire_cards */
	TRANSFER,					/* customer, change */
	MERGE,						/* customer, change */
	IMPORT						/* customer or NO_CUSTOMER, committed */
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
	long		committed;		/* a tick: it was acknowledged by then */
	bool		is_kept;		/* not to be removed */
	char	   *text;
	char	   *replaces;
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
	char	  **imported;		/* numbers that were imported, not issued */
	long		imported_count;
	long		imported_size;
	Records		records;
	long		repeated;		/* calls that returned an earlier batch */
} Ledger;

extern Ledger ledger;

extern void OpenLedger(void);
extern void Append(Records *records, const Record *record);
extern void EnterRecords(const Records *records);

#endif
