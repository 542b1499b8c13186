/*
 * What a card is, and how cards are locked, stored and logged.
 *
 * A verb works on the changes of a call, one or many, in steps that each do
 * all of them: which cards, the locks, what is decided, what is written, the
 * log. A change that can't be done is refused and left out of the next steps.
 */
#ifndef CARDGEN_CARD_H
#define CARDGEN_CARD_H

#include "postgres.h"

#include "bulk_insert.h"
#include "configuration.h"
#include "nodes/execnodes.h"

/* A card of which a batch or a row of the table card tells. */
typedef struct Card
{
	const char *number;			/* as printed */
	const char *series_code;
	bool		has_row;
	NullableDatum batch_id;
	NullableDatum ordinal;		/* null: the series would not generate it */
	CardStatus	status;
	const char *status_label;
	const char *customer_id;	/* NULL: not issued */
	TimestampTz generated_on;
	NullableDatum issued_on;
	NullableDatum expires_on;
	const char *replaces;
	const char *replaced_by;
} Card;

typedef struct CardChange
{
	int			position;		/* in the call, counted from 1 */
	const char *given;			/* the number as the caller wrote it */
	const char *customer_id;	/* to whom the card goes */
	NumberMatch match;			/* with the format of a series */
	Series	   *series;			/* that the card is of; NULL: a row will tell */
	Card		card;			/* as it is, and once decided as it is to be */
	const char *from_label;
	const char *from_customer_id;
	const char *reason;
	bool		is_held;		/* by a customer whom LockCustomers() has locked */
	Refusal    *refusal;		/* NULL: none so far */
	bool		is_over_limit;	/* that is why: by what was decided before it */
	bool		is_stored;
	bool		has_taken;		/* it or a later one of its number has been decided */
	struct CardChange *first;	/* pending one of the same number; NULL: it is that itself */
} CardChange;

typedef struct CardChanges
{
	CardChange *each;
	int			count;
	CardChange **pending;		/* neither refused nor stored, by number, each number once */
	int			pending_count;
} CardChanges;

static inline bool
IsPending(const CardChange *change)
{
	return change->refusal == NULL && !change->is_stored;
}

/* All within OpenQueries(). */

extern void InitChanges(CardChanges *changes, int count);

/* Finds out which are pending now. */
extern void SortPending(CardChanges *changes);

/*
 * The rows of the pending cards, in the newest snapshot, or locked. Where there
 * is none, has_row is false and the rest as it was.
 */
extern void ReadCardRows(CardChanges *changes);
extern void LockCardRows(CardChanges *changes);

/* The row of one card as the caller's snapshot has it; false where there is none. */
extern bool ReadCardRow(const char *number, Card *card);

/* To be called before the card is changed: what the log tells of it. */
extern void RememberCard(CardChange *change);

/*
 * Decides on every pending change in the order of the call, once the cards are
 * locked: each is refused or has its card as it is to be. Of those of one
 * number the first one that is not refused has it, the rest are repeated.
 */
typedef Refusal *(*Decide) (CardChange *change, void *context);

extern void DecideCards(CardChanges *changes, Decide decide, Decide repeated, void *context);

/*
 * Stores the pending cards, but for those of which a row has come that the
 * caller does not know of, and logs what was stored. Where some are left, those
 * above a limit are pending again, too.
 */
extern void StoreCards(CardChanges *changes);

/*
 * Stores and logs cards that no one else can have, a row at a time; log NULL:
 * there is no change to log.
 */
extern BulkInsert *BeginNewCards(void);
extern void StoreNewCard(BulkInsert *cards, BulkInsert *log, const CardChange *change);

/* A card as a row of the table card, for the caller of the verb. */
extern Datum ResultCard(const Card *card);

/* A row of a verb for many: position, keys, what was refused; or one for each change, by number. */
extern void ReturnRow(ReturnSetInfo *result, int position, const NullableDatum *keys, int key_count,
					  const Refusal *refusal);
extern void ReturnNumbers(ReturnSetInfo *result, const CardChanges *changes);

#endif
