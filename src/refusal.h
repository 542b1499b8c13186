/*
 * Everything that cardgen refuses: one function a refusal, with its name,
 * SQLSTATE, sentence, detail and hint.
 *
 * A verb for one refuses at once, a verb for many returns the refusal with the
 * row it is of.
 */
#ifndef CARDGEN_REFUSAL_H
#define CARDGEN_REFUSAL_H

#include "postgres.h"

#include "compat.h"

typedef struct Refusal
{
	int			sqlstate;
	const char *name;			/* stable; the constraint field of the error */
	const char *sentence;
	const char *detail;			/* or NULL */
	const char *hint;			/* or NULL */
} Refusal;

pg_noreturn extern void Refuse(const Refusal *refusal);

/* What a check has found, if anything. */
static inline void
Require(const Refusal *refusal)
{
	if (refusal != NULL)
		Refuse(refusal);
}

/* Arguments */
extern Refusal *MissingArgument(const char *what);
extern Refusal *EmptyText(const char *what);
extern Refusal *TextTooLong(const char *what, int characters, int most);
extern Refusal *SurroundedByBlanks(const char *what, const char *value);
extern Refusal *CharacterNotAllowed(const char *what, const char *value, const char *hint);
extern Refusal *LengthOutOfRange(const char *what, const char *value, size_t least, size_t most);
extern Refusal *BelowMinimum(const char *what, int64 value, int64 least);
extern Refusal *OutOfRange(const char *what, int64 value, int64 least, int64 most);
extern Refusal *NotPositive(const char *what, const char *value);
extern Refusal *NotOneDimensional(const char *what);
extern Refusal *UnequalArrays(const char *what, int64 count, const char *other, int64 other_count);
extern Refusal *CallLimit(const char *what, int64 count, int most, bool is_batch);
extern Refusal *WrongLabel(const char *use, const char *label, const char *status, const char *hint);

/* Series and labels */
extern Refusal *UnknownSeries(const char *code);
extern Refusal *SeriesExists(const char *code);
extern Refusal *SeriesUsed(const char *code);
extern Refusal *SeriesInactive(const char *code);
extern Refusal *SeriesImported(const char *code);
extern Refusal *SeriesExhausted(const char *code, int64 remaining, int64 count, int64 capacity);
extern Refusal *FormatOverlaps(const char *code, const char *other, int characters);
extern Refusal *FormatImported(const char *code, int64 count, const char *other);
extern Refusal *RepeatedCharacter(const char *alphabet, char character);
extern Refusal *FormatLength(int length, int least, int most, int affixes);
extern Refusal *CheckDigitAlphabet(const char *alphabet);
extern Refusal *NegativeOffset(int64 offset);
extern Refusal *OffsetOfRandom(void);
extern Refusal *OffsetTooLarge(int64 offset, int length);
extern Refusal *FormatOfImported(const char *what);
extern Refusal *UnknownLabel(const char *label);
extern Refusal *LabelExists(const char *label);
extern Refusal *LabelMissing(const char *status);

/* Batches and orders */
extern Refusal *UnknownBatch(int64 batch_id);
extern Refusal *BatchBroken(int32 batch_id);
extern Refusal *ListRemoved(int32 batch_id);
extern Refusal *RetainedLonger(int32 batch_id, const char *expires_on);
extern Refusal *RetainedToThePast(int32 batch_id, const char *until);
extern Refusal *RequestReused(const char *request_id);
extern Refusal *InTransactionBlock(void);

/* Cards */
extern Refusal *UnknownCard(const char *number);
extern Refusal *BadCheckDigit(const char *number);
extern Refusal *NeverGenerated(const char *number);
extern Refusal *BatchRemoved(const char *number);
extern Refusal *CardIssued(const char *number);
extern Refusal *CardNotIssued(const char *number);
extern Refusal *CardEnded(const char *number, const char *status);
extern Refusal *CardReplaced(const char *number, const char *by);
extern Refusal *CardReplacesItself(const char *number);
extern Refusal *StatusChange(const char *number, const char *from, const char *to,
							 const char *detail, const char *hint);
extern Refusal *SameLabel(const char *number, const char *label);
extern Refusal *SeriesLimit(const char *customer_id, const char *series_code, int64 held, int most);
extern Refusal *CustomerLimit(const char *customer_id, int64 held, int most);
extern Refusal *SameCustomer(const char *customer_id);

/* Imports */
extern Refusal *NumberExists(const char *number);
extern Refusal *NumberRepeated(const char *number);
extern Refusal *NumberGenerated(const char *number);
extern Refusal *NumberOverlaps(const char *number, const char *series_code);
extern Refusal *MalformedNumber(const char *number, const char *series_code);
extern Refusal *ImportedCheckDigit(const char *number);
extern Refusal *CustomerMissing(const char *number, const char *label);
extern Refusal *CustomerOfUnissued(const char *number, const char *label);
extern Refusal *DateOfUnissued(const char *number, const char *what);
extern Refusal *DateBeyond(const char *what, const char *number);

/*
 * The server: what any function can answer that needs what they name, for no
 * fault of the call. 55000 where a series, its key, counter or ranges, a label
 * or a batch is missing or broken, or a key can't be unwrapped, and on a worker
 * of Citus; 0A000 isolation_level with Citus. Most of these are not repeated in
 * the functions' comments.
 */
extern Refusal *NotATrigger(void);
extern Refusal *ConcurrentChange(const char *what);
extern Refusal *KeyMissing(const char *series_code);
extern Refusal *KeyWrapped(const char *series_code);
extern Refusal *KeyCommandUnset(void);
extern Refusal *KeyCommandFailed(const char *setting, const char *how);
extern Refusal *SeriesIncomplete(const char *code);
extern Refusal *CounterBehind(const char *series_code);
extern Refusal *BatchIdsBehind(int32 batch_id);
extern Refusal *SeriesBroken(const char *code);
extern Refusal *WriteSuppressed(const char *table);
extern Refusal *CounterBroken(const char *code);
extern Refusal *CitusMissing(void);
extern Refusal *WorkerNode(void);
extern Refusal *IsolationLevel(const char *level);

#endif
