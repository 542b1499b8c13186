/*
 * What the server acknowledged, put beside what it has: temporary tables of
 * the connection for the checks.
 *
 *	told_batch	(batch_id, series_code, card_count, is_removed, is_retained)
 *	told_number	(batch_id, number), one each time it was handed out
 *	told_event	(tick, number, label, customer_id, reason, new_of_series)
 *	gone		the batches of told_batch that are not there any more
 *	history		told_event, with what each change started from
 */
#ifndef BACKEND_ACCOUNT_H
#define BACKEND_ACCOUNT_H

#include <libpq-fe.h>

extern void TellDatabase(PGconn *connection);

#endif
