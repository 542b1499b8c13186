/*
 * The log of the cards: what each change made of one.
 */
#ifndef CARDGEN_CARD_LOG_H
#define CARDGEN_CARD_LOG_H

#include "postgres.h"

#include "bulk_insert.h"

typedef struct LoggedChange
{
	const char *number;
	const char *from_label;
	const char *to_label;
	const char *from_customer_id;	/* NULL: no customer had the card */
	const char *to_customer_id;
	const char *reason;
} LoggedChange;

/* Within OpenQueries(), until EndBulkInsert(). */
extern BulkInsert *BeginLog(void);
extern void LogChange(BulkInsert *log, const LoggedChange *change);

#endif
